import type { Address } from '@trunkline/kernel';

/** One listener: its name, where it is bound, and what clients are told. */
export interface ListenerConfig {
  /** Kafka's name of the listener, `PLAINTEXT` by default. */
  readonly name: string;
  readonly address: Address;
  readonly advertised: AdvertisedAddress;
}

/** Where clients find a listener. Port 0: the one that was bound. */
export interface AdvertisedAddress {
  readonly host: string;
  readonly port: number;
}

/** What is wrong with a listener, as the second half of a sentence. */
export class ListenerFault extends Error {
  constructor(
    readonly key: string,
    readonly value: string,
    why: string,
  ) {
    super(why);
    this.name = 'ListenerFault';
  }
}

const FORM = 'must have the form NAME://host:port or NAME://unix:/path, with a port from 0 to 65535';
const EVERYWHERE = new Set(['', '0.0.0.0', '::']);

/** Texts of `listeners`, `advertised.listeners` and `listener.security.protocol.map`. */
export interface ListenerTexts {
  readonly listeners: readonly string[];
  readonly advertised: readonly string[];
  readonly protocols: string;
  /** This machine's name, told to clients of a listener on every interface. */
  readonly hostname: string;
}

/** Reads the listeners. Throws {@link ListenerFault}. */
export function parseListeners({
  listeners,
  advertised,
  protocols,
  hostname,
}: ListenerTexts): readonly ListenerConfig[] {
  const protocolOf = parseProtocols(protocols);
  const told = new Map<string, AdvertisedAddress>();
  for (const text of advertised) {
    const { name, address } = parse('advertised.listeners', text);
    if ('path' in address) throw new ListenerFault('advertised.listeners', text, 'must name a host and a port');
    if (EVERYWHERE.has(address.host)) {
      throw new ListenerFault('advertised.listeners', text, 'must name a host that clients can reach');
    }
    told.set(name, address);
  }
  const parsed = listeners.map((text) => ({ text, ...parse('listeners', text) }));
  const names = new Set<string>();
  for (const { name, text } of parsed) {
    if (names.has(name)) throw new ListenerFault('listeners', text, `names the listener ${name} twice`);
    names.add(name);
    const protocol = protocolOf.get(name);
    if (protocol !== 'PLAINTEXT') {
      const why =
        protocol === undefined ? `${name} is not in listener.security.protocol.map` : `${protocol} is not spoken yet`;
      throw new ListenerFault('listeners', text, `must be a PLAINTEXT listener: ${why}`);
    }
  }
  for (const name of told.keys()) {
    if (!names.has(name)) throw new ListenerFault('advertised.listeners', name, 'is not the name of a listener');
  }
  const first = parsed.find(({ address }) => !('path' in address));
  return parsed.map(({ name, address }) => ({
    name,
    address,
    advertised: told.get(name) ?? reachable('path' in address ? first?.address : address, hostname),
  }));
}

function reachable(address: Address | undefined, hostname: string): AdvertisedAddress {
  if (address === undefined || 'path' in address) return { host: hostname, port: 0 };
  return EVERYWHERE.has(address.host) ? { host: hostname, port: address.port } : address;
}

function parse(key: string, text: string): { readonly name: string; readonly address: Address } {
  const parts = /^([A-Za-z0-9_.-]+):\/\/(.*)$/.exec(text.trim());
  if (parts === null) throw new ListenerFault(key, text, FORM);
  const name = parts[1]!.toUpperCase();
  const where = parts[2]!;
  if (where.startsWith('unix:')) {
    const path = where.slice('unix:'.length);
    if (!path.startsWith('/')) throw new ListenerFault(key, text, 'must name a Unix socket by an absolute path');
    return { name, address: { path } };
  }
  const place = /^(\[[0-9A-Fa-f:.%a-z]+\]|[^:[\]/\s]*):(\d{1,5})$/.exec(where);
  if (place === null || Number(place[2]) > 65_535) throw new ListenerFault(key, text, FORM);
  return { name, address: { host: place[1]!.replace(/^\[|\]$/g, ''), port: Number(place[2]) } };
}

function parseProtocols(text: string): ReadonlyMap<string, string> {
  const protocols = new Map<string, string>();
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue;
    const [name = '', protocol] = pair.split(':').map((part) => part.trim().toUpperCase());
    if (protocol === undefined || protocol === '') {
      throw new ListenerFault('listener.security.protocol.map', text, 'must have the form NAME:PROTOCOL,NAME:PROTOCOL');
    }
    protocols.set(name, protocol);
  }
  return protocols;
}
