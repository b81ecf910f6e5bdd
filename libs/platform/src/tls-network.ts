import { isIP } from 'node:net';
import tls from 'node:tls';
import { type Address, type Link, type Listener, type Network, asError } from '@trunkline/kernel';
import { NodeLink } from './node-link.js';

/** How connections are secured. PEM texts; nothing is read from files. */
export interface TlsOptions {
  /** [ssl.truststore.certificates] Who may vouch for brokers. Default: the authorities that Node knows. */
  readonly ca?: string | readonly string[];
  /** [ssl.keystore.certificate.chain] The client's own certificate, for brokers that ask for one. */
  readonly cert?: string;
  /** [ssl.keystore.key] Its private key. */
  readonly key?: string;
  /** [ssl.key.password] The key's passphrase. */
  readonly passphrase?: string;
  /** The name that a broker must prove, instead of the host that was connected to. */
  readonly serverName?: string;
  /**
   * Whether brokers must prove who they are [ssl.endpoint.identification.algorithm=https]. Default: true. Without it,
   * anybody between may read and change everything: for tests only.
   */
  readonly verify?: boolean;
  /** [ssl.protocol] Default: TLSv1.2; 1.3 is used where both can. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** TLS over TCP, for a client; nothing can listen here. A Unix socket is secured as well. */
export class TlsNetwork implements Network {
  readonly #context: tls.SecureContext;

  /** Throws what node:tls throws for certificates and keys that it cannot read. */
  constructor(private readonly options: TlsOptions = {}) {
    const { ca, cert, key, passphrase, minVersion = 'TLSv1.2' } = options;
    this.#context = tls.createSecureContext({
      minVersion,
      ...(ca !== undefined && { ca: typeof ca === 'string' ? ca : [...ca] }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(passphrase !== undefined && { passphrase }),
    });
  }

  listen(address: Address): Promise<Listener> {
    const where = 'path' in address ? address.path : `${address.host}:${address.port}`;
    return Promise.reject(
      Object.assign(new Error(`a TLS network does not listen at ${where}`), { code: 'EADDRNOTAVAIL' }),
    );
  }

  /** Resolves once the broker has proved who it is. Rejects with a system or TLS error, within `timeoutMs`. */
  connect(address: Address, timeoutMs: number): Promise<Link> {
    return new Promise((resolve, reject) => {
      const where = 'path' in address ? address.path : `${address.host}:${address.port}`;
      const socket = tls.connect({ ...address, ...this.#secured(address) });
      const timer = setTimeout(() => {
        const text = `no secured connection to ${where} within ${timeoutMs} ms`;
        socket.destroy(Object.assign(new Error(text), { code: 'ETIMEDOUT' }));
      }, timeoutMs);
      const ended = (): void => failed(new Error(`${where} ended the connection during the TLS handshake`));
      const failed = (error: Error): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(asError(error));
      };
      socket.once('error', failed);
      socket.once('close', ended);
      socket.once('secureConnect', () => {
        clearTimeout(timer);
        socket.off('error', failed);
        socket.off('close', ended);
        socket.setNoDelay(true);
        socket.disableRenegotiation();
        const link = new NodeLink(socket, where);
        resolve(link);
        // The first bytes may only be read once the link's owner has opened it, after this promise was handled.
        setImmediate(() => socket.on('data', (bytes) => link.received(bytes)));
      });
    });
  }

  #secured(address: Address): tls.ConnectionOptions {
    const { verify = true, serverName } = this.options;
    const host = serverName ?? ('path' in address ? undefined : address.host);
    return {
      secureContext: this.#context,
      rejectUnauthorized: verify,
      // SNI names hosts only (RFC 6066); the certificate is checked against an address all the same.
      ...(host !== undefined && isIP(host) === 0 && { servername: host }),
      ...(host !== undefined && {
        checkServerIdentity: (_: string, certificate: tls.PeerCertificate) =>
          tls.checkServerIdentity(host, certificate),
      }),
    };
  }
}
