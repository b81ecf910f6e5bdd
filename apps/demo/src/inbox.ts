import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { asError } from '@trunkline/kernel';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';
import { inboxPage } from './inbox-page.js';

/** E-mails that the inbox keeps; the oldest go first. */
const MAILS_MAX = 1_000;
/** Bytes of one e-mail; a larger one is refused with 552. */
const MAIL_BYTES_MAX = 1_048_576;

/** An e-mail that came in over SMTP. */
export interface Mail {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly receivedAt: string;
}

/**
 * A real SMTP server on this machine that keeps what it gets in memory, and shows it: `GET /mails` as JSON, `GET /` as a
 * page. For demonstrations and tests: recipients whose address begins with `bounce` are refused with 550, those with
 * `busy` twice with 450 first, so that retries and dead letters can be seen.
 */
export class Inbox {
  readonly #smtp: SMTPServer;
  readonly #http: Server;
  readonly #mails: Mail[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #refusals = new Map<string, number>();

  private constructor() {
    this.#smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      size: MAIL_BYTES_MAX,
      disableReverseLookup: true,
      closeTimeout: 500,
      logger: false,
      onRcptTo: ({ address }, _session, done) => done(this.#refusal(address)),
      onData: (stream, session, done) => {
        const to = session.envelope.rcptTo.map(({ address }) => address).join(', ');
        const reply = async (): Promise<void> => done(await this.#receive(stream, to));
        void reply();
      },
    });
    this.#smtp.on('error', () => {}); // A client that hangs up in the middle is its own trouble.
    this.#http = createServer((request, response) => this.#answer(request, response));
  }

  /** Listens for HTTP on `httpPort` and for SMTP on `smtpPort` (0: any free one). */
  static async start(host: string, httpPort: number, smtpPort: number): Promise<Inbox> {
    const inbox = new Inbox();
    await new Promise<void>((resolve, reject) => {
      inbox.#http.once('error', reject).listen(httpPort, host, resolve);
    });
    await new Promise<void>((resolve, reject) => {
      inbox.#smtp.server.once('error', reject);
      inbox.#smtp.listen(smtpPort, host, resolve);
    });
    return inbox;
  }

  get smtpPort(): number {
    return portOf(this.#smtp.server.address());
  }

  get mails(): readonly Mail[] {
    return this.#mails;
  }

  /** Resolves with the first e-mail, kept or to come, that `wanted` accepts. Rejects when `signal` is aborted. */
  waitFor(wanted: (mail: Mail) => boolean, signal: AbortSignal): Promise<Mail> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const mail = this.#mails.find(wanted);
        if (mail === undefined) return;
        this.#waiting.delete(look);
        resolve(mail);
      };
      this.#waiting.add(look);
      signal.addEventListener('abort', () => {
        this.#waiting.delete(look);
        reject(new Error('no such e-mail came in time'));
      });
      look();
    });
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await Promise.all([
      new Promise<void>((resolve) => {
        this.#http.close(() => resolve());
      }),
      new Promise<void>((resolve) => {
        this.#smtp.close(() => resolve());
      }),
    ]);
  }

  /** Reads an e-mail and keeps it. Resolves with why it was refused, or with null. */
  async #receive(stream: SMTPServerDataStream, to: string): Promise<Error | null> {
    try {
      const parsed = await simpleParser(stream);
      if (stream.sizeExceeded) return refused(552, `more than ${MAIL_BYTES_MAX} bytes`);
      const { from, subject = '', text = '', html, messageId = '' } = parsed;
      this.#keep({
        id: messageId,
        from: from?.text ?? '',
        to,
        subject,
        text,
        html: typeof html === 'string' ? html : '',
        receivedAt: new Date().toISOString(),
      });
      return null;
    } catch (reason) {
      return asError(reason);
    }
  }

  #keep(mail: Mail): void {
    this.#mails.push(mail);
    if (this.#mails.length > MAILS_MAX) this.#mails.shift();
    for (const look of this.#waiting) look();
  }

  #refusal(address: string): Error | null {
    if (address.startsWith('bounce')) return refused(550, 'no such mailbox here');
    if (!address.startsWith('busy')) return null;
    const before = this.#refusals.get(address) ?? 0;
    if (this.#refusals.size < MAILS_MAX) this.#refusals.set(address, before + 1);
    return before < 2 ? refused(450, 'mailbox busy, try again later') : null;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', 'http://inbox');
    const [status, type, body] =
      pathname === '/mails'
        ? [200, 'application/json', JSON.stringify(this.#mails)]
        : pathname === '/'
          ? [200, 'text/html', inboxPage(this.#mails)]
          : [404, 'text/plain', 'not here: try / or /mails\n'];
    response.writeHead(status, {
      'content-type': `${type}; charset=utf-8`,
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    });
    response.end(body);
  }
}

function refused(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
