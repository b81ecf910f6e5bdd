import { type Address, type Link, type Timer, asError } from '@trunkline/kernel';
import { type AnyApi, ApiVersions } from '@trunkline/protocol';
import type { Answer, BodyOf } from '../cluster/cluster.js';
import type { ClientConfig } from '../config.js';
import { KafkaError } from '../error.js';
import type { ClientPorts } from '../ports.js';
import { showAddress } from './address.js';
import { Connection } from './connection.js';
import { Request } from './request.js';
import { authenticate } from './sasl/authenticate.js';
import { type BrokerVersions, afterApiVersions } from './versions.js';

const SOFTWARE = { clientSoftwareName: 'trunkline', clientSoftwareVersion: '0.1.0' };
const API_VERSIONS_TRIES = 3;
/** How long the last bytes of a connection that is closed in order may take. */
const LAST_BYTES_TIMEOUT_MS = 1_000;
/** The part of a session's life after which a new one is asked for, percent (KIP-368: 85 to 95). */
const REAUTHENTICATE_FROM_PERCENT = 85;
const REAUTHENTICATE_SPREAD_PERCENT = 11;
/** A broker that grants a session of 1 ms is not asked a thousand times a second. */
const REAUTHENTICATE_MS_MIN = 500;

export interface ConnectionOwner {
  /** There may be room for another request. */
  room(): void;
  /** Nobody has used it for `connectionsMaxIdleMs`; nothing is in flight. */
  idle(): void;
  /** It has ended; called once, only after it was open. */
  ended(reason: KafkaError): void;
}

/** A connection that is open, agreed upon and authenticated: the machine with its link and its timers. */
export class BrokerConnection {
  versions!: BrokerVersions;
  readonly #connection: Connection;
  #timer: Timer | undefined;
  #timerDueMs = Infinity;
  #sessionTimer: Timer | undefined;
  #idleTimer: Timer | undefined;
  #usedMs = 0;
  #endsInOrder = false;
  #owner: ConnectionOwner | undefined;
  #authenticating = false;
  #giveUp: ((reason: KafkaError) => void) | undefined;

  private constructor(
    private readonly link: Link,
    nodeId: number,
    address: Address,
    private readonly config: ClientConfig,
    private readonly ports: ClientPorts,
  ) {
    const about = nodeId < 0 ? `broker at ${showAddress(address)}` : `broker ${nodeId} at ${showAddress(address)}`;
    const effects = {
      write: (chunks: readonly Uint8Array[]) => link.write(chunks),
      end: (reason: KafkaError) => this.#end(reason),
      room: () => this.#owner?.room(),
    };
    this.#connection = new Connection({ nodeId, about, clientId: config.clientId }, config, effects, config.observer);
    link.open({
      data: (bytes) => this.#received(ports.clock.monotonicMs(), bytes),
      drained: () => {},
      closed: (reason) => {
        this.#timer?.cancel();
        const detail = reason === undefined ? 'the broker closed the connection' : reason.message;
        this.#connection.end(new KafkaError('DISCONNECTED', detail, { about, cause: reason }));
      },
    });
  }

  /**
   * Connects, agrees on versions and authenticates within `connectTimeoutMs`. Rejects with KafkaError.
   *
   * `begun` gets the connection as soon as there is a link, so that it can be given up before it is of use.
   */
  static async open(
    nodeId: number,
    address: Address,
    config: ClientConfig,
    ports: ClientPorts,
    begun: (connection: BrokerConnection) => void,
  ): Promise<BrokerConnection> {
    const deadlineMs = ports.clock.monotonicMs() + config.connectTimeoutMs;
    let link: Link;
    try {
      link = await ports.network.connect(address, config.connectTimeoutMs);
    } catch (reason) {
      const about = nodeId < 0 ? showAddress(address) : `broker ${nodeId} at ${showAddress(address)}`;
      throw new KafkaError('UNREACHABLE', asError(reason).message, { about, cause: reason });
    }
    const opened = new BrokerConnection(link, nodeId, address, config, ports);
    begun(opened);
    try {
      opened.versions = await opened.#agree(deadlineMs);
      await opened.#authenticate(deadlineMs);
    } catch (reason) {
      const error = KafkaError.from(reason, 'UNREACHABLE', opened.#connection.identity.about);
      opened.close(error);
      throw error;
    }
    return opened;
  }

  /** Who hears of room and of the end. */
  ownedBy(owner: ConnectionOwner): void {
    this.#owner = owner;
    const { ended } = this.#connection;
    if (ended !== undefined) return queueMicrotask(() => owner.ended(ended));
    this.#usedMs = this.ports.clock.monotonicMs();
    this.#watchIdle(this.config.connectionsMaxIdleMs);
  }

  /** The node's id is known now: it was asked by a bootstrap address. */
  adoptedBy(nodeId: number): void {
    this.#connection.identity = { ...this.#connection.identity, nodeId };
  }

  get inFlight(): number {
    return this.#connection.inFlight;
  }

  /** Until when the broker wants to be left alone; -Infinity: not. */
  get mutedUntilMs(): number {
    return this.#connection.mutedUntilMs;
  }

  get hasRoom(): boolean {
    return !this.#authenticating && this.#connection.hasRoom;
  }

  /** Sends a request in the best version. Gives the error instead when it cannot leave. */
  transmit(nowMs: number, request: Request): KafkaError | undefined {
    const { api, versionMin, versionMax } = request;
    const version = this.versions.pick(api, versionMin, versionMax);
    if (version === undefined) return this.#tooOld(api, versionMin, versionMax);
    const failed = this.#connection.transmit(nowMs, request, version);
    this.#usedMs = nowMs;
    if (failed === undefined) this.#arm(nowMs);
    return failed;
  }

  /** Ends it once what was written has left. For a connection on which nothing is in flight. */
  closeInOrder(reason: KafkaError): void {
    this.#endsInOrder = true;
    this.#connection.end(reason);
  }

  /** Ends it at once: what is in flight fails with DISCONNECTED, or CLOSED when that is the reason. */
  close(reason: KafkaError): void {
    this.#connection.end(reason);
  }

  #received(nowMs: number, bytes: Uint8Array): void {
    if (!this.#authenticating) this.#usedMs = nowMs;
    this.#connection.received(nowMs, bytes);
    // An answer may have told to wait: nothing else would wake the connection then.
    if (this.#connection.ended === undefined) this.#arm(nowMs);
  }

  /** One timer for as long as it is open: use moves a number, not the timer. */
  #watchIdle(delayMs: number): void {
    this.#idleTimer = this.ports.clock.after(delayMs, () => {
      const { connectionsMaxIdleMs } = this.config;
      const nowMs = this.ports.clock.monotonicMs();
      if (this.#connection.inFlight > 0) this.#usedMs = nowMs;
      const leftMs = this.#usedMs + connectionsMaxIdleMs - nowMs;
      if (leftMs <= 0) this.#owner?.idle();
      if (this.#connection.ended === undefined) this.#watchIdle(leftMs > 0 ? leftMs : connectionsMaxIdleMs);
    });
  }

  #arm(nowMs: number): void {
    const { wakeAtMs } = this.#connection;
    if (wakeAtMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = wakeAtMs;
    this.#timer = this.ports.clock.after(Math.max(0, wakeAtMs - nowMs), () => {
      this.#timerDueMs = Infinity;
      const now = this.ports.clock.monotonicMs();
      this.#connection.wake(now);
      if (this.#connection.ended === undefined) this.#arm(now);
    });
  }

  #end(reason: KafkaError): void {
    this.#timer?.cancel();
    this.#sessionTimer?.cancel();
    this.#idleTimer?.cancel();
    this.#giveUp?.(reason);
    if ((reason.code === 'CLOSED' || this.#endsInOrder) && this.link.pendingBytes > 0) this.#endInOrder();
    else this.link.destroy();
    this.#owner?.ended(reason);
  }

  /** What was written still leaves, if the broker takes it soon. */
  #endInOrder(): void {
    this.link.end();
    this.#timer = this.ports.clock.after(LAST_BYTES_TIMEOUT_MS, () => this.link.destroy());
  }

  /** One of the connection's own requests: before all others, and without the limits. */
  #askOwn<A extends AnyApi>(api: A, version: number, body: BodyOf<A>, deadlineMs: number): Promise<Answer<A>> {
    return new Promise((resolve, reject) => {
      const request = new Request(api, body, 0, version, deadlineMs, true, true, (error, answer) => {
        if (answer === undefined) reject(error ?? new KafkaError('DISCONNECTED', 'no answer came'));
        else resolve(answer);
      });
      const nowMs = this.ports.clock.monotonicMs();
      const failed = this.#connection.transmit(nowMs, request as unknown as Request, version);
      if (failed !== undefined) reject(failed);
      else this.#arm(nowMs);
    });
  }

  async #agree(deadlineMs: number): Promise<BrokerVersions> {
    let version = ApiVersions.versions[1];
    const { about } = this.#connection.identity;
    for (let tried = 0; tried < API_VERSIONS_TRIES; tried++) {
      const { body } = await this.#askOwn(ApiVersions, version, SOFTWARE, deadlineMs);
      const next = afterApiVersions(version, body);
      if ('versions' in next) return next.versions;
      if ('errorCode' in next) KafkaError.check(next.errorCode, about, 'it does not tell its versions');
      else version = next.askIn;
    }
    throw new KafkaError('UNSUPPORTED_BROKER', 'it knows no version of ApiVersions that it says it knows', { about });
  }

  async #authenticate(deadlineMs: number): Promise<void> {
    const { sasl } = this.config;
    if (sasl === undefined) return;
    const { about } = this.#connection.identity;
    const exchanging = authenticate(sasl, this.ports, about, (api, body) => {
      const version = this.versions.pick(api, 0, api.versions[1]);
      if (version === undefined) throw this.#tooOld(api, 0, api.versions[1]);
      return this.#askOwn(api, version, body, deadlineMs);
    });
    const { sessionLifetimeMs } = await this.#inTime(exchanging, deadlineMs);
    if (sessionLifetimeMs <= 0) return;
    const percent = REAUTHENTICATE_FROM_PERCENT + this.ports.random.below(REAUTHENTICATE_SPREAD_PERCENT);
    const delayMs = Math.max(REAUTHENTICATE_MS_MIN, Math.floor((sessionLifetimeMs * percent) / 100));
    this.#sessionTimer = this.ports.clock.after(delayMs, () => void this.#authenticateAgain());
  }

  /** A token that never comes must not hold up the lane. */
  async #inTime<T>(exchanging: Promise<T>, deadlineMs: number): Promise<T> {
    const { clock } = this.ports;
    let timer: Timer | undefined;
    const overdue = new Promise<never>((_, reject) => {
      this.#giveUp = reject;
      timer = clock.after(Math.max(0, deadlineMs - clock.monotonicMs()), () => {
        const { about } = this.#connection.identity;
        reject(new KafkaError('TIMED_OUT', 'authentication took too long', { about }));
      });
    });
    try {
      return await Promise.race([exchanging, overdue]);
    } finally {
      this.#giveUp = undefined;
      timer?.cancel();
    }
  }

  /** No request of others may come in between: they wait until it is over (KIP-368). */
  async #authenticateAgain(): Promise<void> {
    this.#authenticating = true;
    try {
      await this.#authenticate(this.ports.clock.monotonicMs() + this.config.connectTimeoutMs);
      this.#authenticating = false;
      this.#owner?.room();
    } catch (reason) {
      this.close(KafkaError.from(reason, 'DISCONNECTED', this.#connection.identity.about));
    }
  }

  #tooOld(api: AnyApi, versionMin: number, versionMax: number): KafkaError {
    const range = this.versions.rangeOf(api);
    const knows = range === undefined ? 'does not know it' : `knows versions ${range[0]} to ${range[1]}`;
    const first = Math.max(versionMin, api.versions[0]);
    const last = Math.min(versionMax, api.versions[1]);
    const detail = `${api.name} is needed in version ${first} to ${last}, and the broker ${knows}`;
    return new KafkaError('UNSUPPORTED_BROKER', detail, { about: this.#connection.identity.about });
  }
}
