import type { Address } from '@trunkline/kernel';

const PORT_MAX = 65_535;

/** `host:port`, `[ipv6]:port` or `unix:/path` as an address; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path.startsWith('/') ? { path } : undefined;
  }
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  const host = match[1] ?? match[2];
  if (host === undefined || port < 1 || port > PORT_MAX) return undefined;
  return { host, port };
}

/** An address as people write it. */
export function showAddress(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Whether both are the same place, as text: names are not resolved. */
export function sameAddress(left: Address, right: Address): boolean {
  return showAddress(left) === showAddress(right);
}
