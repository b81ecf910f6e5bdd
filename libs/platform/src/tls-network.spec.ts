import net from 'node:net';
import tls from 'node:tls';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Link, fromUtf8, utf8 } from '@trunkline/kernel';
import { TlsNetwork, type TlsOptions } from './tls-network.js';

/** For these tests only: signs itself, for localhost, broker.example and 127.0.0.1, until 2126. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggRL1db+e772xVP61
0bbQW391CLkIWhwgjjBhP+tG36WhRANCAAQdGOnSWljXvAS7JGtJ50pxP3OhUZUm
HjA7qVi4pY+XP8nb8xK4aVG0tD4Jm1xIxdOKfBTR9UEEi/ksJ44g2S5P
-----END PRIVATE KEY-----
`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBrDCCAVGgAwIBAgIUCzDyuGUn/TYDbPadHLY6C5ZzIvQwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIxMDc0MFoYDzIxMjYxMDI5
MjEwNzQwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQdGOnSWljXvAS7JGtJ50pxP3OhUZUmHjA7qVi4pY+XP8nb8xK4aVG0
tD4Jm1xIxdOKfBTR9UEEi/ksJ44g2S5Po38wfTAdBgNVHQ4EFgQU6aiZgnB3OuP4
z3wvR/fMMD0gr7MwHwYDVR0jBBgwFoAU6aiZgnB3OuP4z3wvR/fMMD0gr7MwDwYD
VR0TAQH/BAUwAwEB/zAqBgNVHREEIzAhgglsb2NhbGhvc3SCDmJyb2tlci5leGFt
cGxlhwR/AAABMAoGCCqGSM49BAMCA0kAMEYCIQD2oGKdrfz7a1jXsv6mLNxvIYAo
ay0ULae3FP29iQWTdwIhALTS1MOTQOCy3Fpac+WOibN6+n5+2DRwOusL3fgNB2pL
-----END CERTIFICATE-----
`;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that sends back what it gets, and tells what names it was asked for. */
async function startEcho(options: tls.TlsOptions = {}) {
  const names: (string | false | null)[] = [];
  const server = tls.createServer({ key: KEY, cert: CERTIFICATE, ...options }, (socket) => {
    names.push(socket.servername);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => {});
  closing.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  return { port, names };
}

async function connect(port: number, options: TlsOptions, host = '127.0.0.1', timeoutMs = 5_000): Promise<Link> {
  const link = await new TlsNetwork(options).connect({ host, port }, timeoutMs);
  closing.push(() => link.destroy());
  return link;
}

/** Sends the text, and resolves with as many bytes of the answer. */
async function echo(link: Link, text: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    let got = '';
    link.open({
      data: (bytes) => {
        got += fromUtf8(bytes);
        if (got.length >= text.length) resolve(got);
      },
      drained: () => {},
      closed: (reason) => reject(reason ?? new Error('closed')),
    });
    link.write([utf8(text)]);
  });
}

describe('TlsNetwork', () => {
  it('carries bytes both ways to a broker that proves who it is', async () => {
    const { port } = await startEcho();
    expect(await echo(await connect(port, { ca: CERTIFICATE }), 'hello')).toBe('hello');
  });

  it('carries more than one TLS record', async () => {
    const { port } = await startEcho();
    const text = 'x'.repeat(300_000);
    expect(await echo(await connect(port, { ca: [CERTIFICATE] }), text)).toBe(text);
  });

  it('refuses a certificate that nobody known vouches for', async () => {
    const { port } = await startEcho();
    await expect(connect(port, {})).rejects.toThrow(/self-signed certificate/);
  });

  it('refuses a certificate for another name', async () => {
    const { port } = await startEcho();
    await expect(connect(port, { ca: CERTIFICATE, serverName: 'other.example' })).rejects.toThrow(/altnames/);
  });

  it('checks the name that the options tell instead of the host', async () => {
    const { port, names } = await startEcho();
    const link = await connect(port, { ca: CERTIFICATE, serverName: 'broker.example' });
    expect(await echo(link, 'x')).toBe('x');
    expect(names).toEqual(['broker.example']);
  });

  it('names a host to the server, and never an address', async () => {
    const { port, names } = await startEcho();
    await echo(await connect(port, { ca: CERTIFICATE }, 'localhost'), 'x');
    await echo(await connect(port, { ca: CERTIFICATE }, '127.0.0.1'), 'x');
    expect(names).toEqual(['localhost', false]);
  });

  it('takes any certificate when it is told not to verify', async () => {
    const { port } = await startEcho();
    expect(await echo(await connect(port, { verify: false, serverName: 'other.example' }), 'x')).toBe('x');
  });

  it('shows a certificate of its own to a broker that asks for one', async () => {
    const { port } = await startEcho({ requestCert: true, ca: CERTIFICATE });
    const link = await connect(port, { ca: CERTIFICATE, cert: CERTIFICATE, key: KEY });
    expect(await echo(link, 'x')).toBe('x');
  });

  it('gives up in time on a server that says nothing', async () => {
    const server = net.createServer((socket) => void closing.push(() => socket.destroy()));
    closing.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    await expect(connect(port, { ca: CERTIFICATE }, '127.0.0.1', 100)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('says so when the server ends the connection during the handshake', async () => {
    const server = net.createServer((socket) => socket.end());
    closing.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    await expect(connect(port, { ca: CERTIFICATE })).rejects.toThrow();
  });

  it('rejects where nobody listens', async () => {
    const { port } = await startEcho();
    for (const close of closing.splice(0)) close();
    await expect(connect(port, { ca: CERTIFICATE })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('throws for a certificate that cannot be read', () => {
    expect(() => new TlsNetwork({ cert: 'no certificate', key: KEY })).toThrow();
  });

  it('does not listen', async () => {
    await expect(new TlsNetwork().listen({ host: '127.0.0.1', port: 1 })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
  });
});
