import { SMTPServer } from 'smtp-server';

/** A real SMTP server whose answers can be held back, so that a job is surely in the middle of being done. */
export class SlowMailServer {
  /** Recipients of e-mails that were taken, and how often. */
  readonly received = new Map<string, number>();
  readonly #server: SMTPServer;
  readonly #held = new Map<string, () => void>();
  #holding = false;
  #dropped = 0;

  private constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      disableReverseLookup: true,
      closeTimeout: 200,
      onClose: ({ id }) => {
        if (this.#held.delete(id)) this.#dropped += 1;
      },
      onData: (stream, session, done) => {
        const take = (): void => {
          const to = session.envelope.rcptTo[0]?.address ?? '';
          this.received.set(to, (this.received.get(to) ?? 0) + 1);
          done();
        };
        stream.resume();
        stream.once('end', () => (this.#holding ? void this.#held.set(session.id, take) : take()));
      },
    });
    this.#server.on('error', () => {}); // A client that was killed hangs up.
  }

  static async start(): Promise<SlowMailServer> {
    const made = new SlowMailServer();
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  get port(): number {
    const address = this.#server.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** E-mails that were sent whole and have no answer yet. */
  get held(): number {
    return this.#held.size;
  }

  hold(): void {
    this.#holding = true;
  }

  /** E-mails whose sender went away while it waited for the answer. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Answers what is held, and everything from now on. */
  release(): void {
    this.#holding = false;
    for (const take of this.#held.values()) take();
    this.#held.clear();
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
