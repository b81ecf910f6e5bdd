import { type Transporter, createTransport } from 'nodemailer';
import type { SendEmail } from '../gen/trunkline/email/v1/email_pb.js';

/** How long one e-mail may take, ms: to connect, to be greeted, and between two answers of the server. */
const SMTP_TIMEOUT_MS = 20_000;

/** What an SMTP server said to an e-mail that it did not take. */
export class SmtpRefused extends Error {
  constructor(
    /** The server's reply code: 4xx may be tried again, 5xx may not; 0: it was not reached. */
    readonly replyCode: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'SmtpRefused';
  }

  /** A 5xx reply is final (RFC 5321, section 4.2.1); anything else may pass later. */
  get final(): boolean {
    return this.replyCode >= 500 && this.replyCode < 600;
  }
}

/** Sends e-mails over a few kept connections. */
export class Smtp {
  readonly #transport: Transporter;
  readonly #server: string;

  constructor(
    url: string,
    readonly from: string,
    connectionsMax: number,
  ) {
    const { protocol, hostname, port, username, password } = new URL(url);
    this.#server = `${protocol}//${hostname}${port === '' ? '' : `:${port}`}`;
    this.#transport = createTransport({
      pool: true,
      maxConnections: connectionsMax,
      host: hostname,
      port: port === '' ? (protocol === 'smtps:' ? 465 : 587) : Number(port),
      secure: protocol === 'smtps:',
      ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
      connectionTimeout: SMTP_TIMEOUT_MS,
      greetingTimeout: SMTP_TIMEOUT_MS,
      socketTimeout: SMTP_TIMEOUT_MS,
    });
  }

  /** Resolves with the Message-ID once the server has taken the e-mail; rejects with {@link SmtpRefused}. */
  async send(email: SendEmail): Promise<string> {
    try {
      const sent = await this.#transport.sendMail({
        from: this.from,
        to: { name: '', address: email.to },
        subject: email.subject,
        text: email.text,
        ...(email.html === '' ? {} : { html: email.html }),
        headers: { 'X-Trunkline-Id': email.id },
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      return String(sent.messageId);
    } catch (reason) {
      const replyCode: unknown = reason instanceof Error ? Reflect.get(reason, 'responseCode') : undefined;
      const text = reason instanceof Error ? reason.message : String(reason);
      if (typeof replyCode === 'number') throw new SmtpRefused(replyCode, text, { cause: reason });
      const why = `the mail server ${this.#server} (SMTP_URL) did not answer as one: ${text}; is it running?`;
      throw new SmtpRefused(0, why, { cause: reason });
    }
  }

  close(): void {
    this.#transport.close();
  }
}
