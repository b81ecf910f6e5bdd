import {
  type Address,
  ApiError,
  type Clock,
  type Link,
  type Network,
  type NodeId,
  type Random,
  type Timer,
  asError,
  systemCode,
} from '@trunkline/kernel';
import { ApiVersions, type Decoded, correlationIdOf, decodeResponse, encodeRequest } from '@trunkline/protocol';
import { FrameAssembler } from '../server/frame-assembler.js';
import { Backoff } from './backoff.js';
import { VERSIONS_ASKED, VERSIONS_REQUEST, PeerVersions } from './peer-versions.js';
import { PeerGone, PeerSilent } from './peers.js';
import { Question } from './question.js';

/** Limits of one connection to a node. */
export interface PeerLimits {
  /** Questions that are asked and not answered, those that wait for the connection included. */
  readonly questionsMax: number;
  /** Bytes that the node has not taken: above this the next question waits. */
  readonly outboundBytesMax: number;
  /** Bytes of one answer. */
  readonly answerBytesMax: number;
  /** Connecting, and learning the node's versions. */
  readonly connectMsMax: number;
  /** The first wait after a connection that could not be made, and the longest. */
  readonly reconnectMs: number;
  readonly reconnectMsMax: number;
}

export const PEER_LIMITS: PeerLimits = Object.freeze({
  questionsMax: 256,
  outboundBytesMax: 4 * 1024 * 1024,
  answerBytesMax: 104_857_600,
  connectMsMax: 2_000,
  reconnectMs: 20,
  reconnectMsMax: 500,
});

export interface PeerLaneOptions {
  readonly nodeId: NodeId;
  /** Where the node is now; undefined: not known. */
  readonly address: () => Address | undefined;
  readonly clientId: string;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: PeerLimits;
  /** A connection ended, or could not be made. */
  readonly lost: (refused: boolean) => void;
}

interface Sent {
  readonly question: Question;
  readonly version: number;
  readonly correlationId: number;
}

/**
 * One connection to one node: questions go out as they come, answers come back in their order.
 *
 * Connects when there is something to ask. The first answer that is late, wrong or out of order ends the connection:
 * nobody can say what the next one would belong to.
 */
export class PeerLane {
  readonly #options: PeerLaneOptions;
  readonly #backoff: Backoff;
  #waiting: Question[] = [];
  #sent: Sent[] = [];
  #link: Link | undefined;
  #assembler: FrameAssembler;
  #versions: PeerVersions | undefined;
  #connecting = false;
  #nextConnectMs = -Infinity;
  #correlationId = 0;
  #deadline: { readonly atMs: number; readonly timer: Timer } | undefined;
  #reconnect: Timer | undefined;
  #closed = false;

  constructor(options: PeerLaneOptions) {
    this.#options = options;
    const { random, limits } = options;
    this.#backoff = new Backoff(random, limits.reconnectMs, limits.reconnectMsMax);
    this.#assembler = new FrameAssembler(limits.answerBytesMax);
  }

  /** Takes a question; it is settled here, whatever happens. */
  ask(question: Question): void {
    const { limits, nodeId } = this.#options;
    if (this.#closed) return question.reject(new PeerGone(nodeId, 'is not asked any more: this node ends', false));
    if (this.#waiting.length + this.#sent.length >= limits.questionsMax) {
      const why = `${limits.questionsMax} questions to node ${nodeId} are not answered yet`;
      return question.reject(new ApiError('THROTTLING_QUOTA_EXCEEDED', why));
    }
    this.#waiting.push(question);
    this.#watchDeadline(question.deadlineMs);
    if (this.#versions !== undefined) this.#flush();
    else if (this.#link === undefined) this.#connectSoon();
  }

  /** Ends the connection; whoever waits is told so. */
  close(): void {
    this.#closed = true;
    this.#reconnect?.cancel();
    this.#deadline?.timer.cancel();
    this.#deadline = undefined;
    const link = this.#link;
    this.#forget();
    this.#rejectAll(new PeerGone(this.#options.nodeId, 'is not asked any more: this node ends', false));
    link?.end();
  }

  #connectSoon(): void {
    if (this.#connecting || this.#reconnect !== undefined || this.#closed) return;
    const { clock } = this.#options;
    const waitMs = this.#nextConnectMs - clock.monotonicMs();
    if (waitMs <= 0) return void this.#connect();
    this.#reconnect = clock.after(waitMs, () => {
      this.#reconnect = undefined;
      if (this.#waiting.length > 0) void this.#connect();
    });
  }

  /** Never rejects. */
  async #connect(): Promise<void> {
    const { address, network, limits } = this.#options;
    const where = address();
    if (where === undefined) return this.#notConnected(new Error('its address is not known'));
    this.#connecting = true;
    let link: Link;
    try {
      link = await network.connect(where, limits.connectMsMax);
    } catch (reason) {
      this.#connecting = false;
      return this.#notConnected(asError(reason), systemCode(reason) === 'ECONNREFUSED');
    }
    this.#connecting = false;
    this.#opened(link);
  }

  #notConnected(reason: Error, refused = false): void {
    const { nodeId, clock, lost } = this.#options;
    this.#nextConnectMs = clock.monotonicMs() + this.#backoff.failed();
    this.#rejectAll(new PeerGone(nodeId, `cannot be reached: ${reason.message}`, refused, { cause: reason }));
    if (!this.#closed) lost(refused);
  }

  #opened(link: Link): void {
    const { clock, limits } = this.#options;
    link.open({
      data: (bytes) => {
        if (this.#link === link) this.#received(bytes);
      },
      drained: () => {
        if (this.#link === link && this.#versions !== undefined) this.#flush();
      },
      closed: (reason) => {
        if (this.#link === link) this.#end(`closed the connection${reason === undefined ? '' : `: ${reason.message}`}`);
      },
    });
    if (this.#closed) return link.destroy();
    this.#link = link;
    const deadlineMs = clock.monotonicMs() + limits.connectMsMax;
    const learn = new Question(
      ApiVersions,
      VERSIONS_REQUEST,
      deadlineMs,
      limits.connectMsMax,
      (told) => this.#learnt(told as Decoded<(typeof ApiVersions)['response']>),
      () => {}, // Its failure is the connection's end.
    );
    this.#write(learn, VERSIONS_ASKED);
    this.#watchDeadline(deadlineMs);
  }

  #learnt(told: Decoded<(typeof ApiVersions)['response']>): void {
    this.#backoff.succeeded();
    this.#versions = new PeerVersions(this.#options.nodeId, told);
    this.#flush();
  }

  #flush(): void {
    const { outboundBytesMax } = this.#options.limits;
    let taken = 0;
    for (const question of this.#waiting) {
      if (this.#link === undefined || this.#link.pendingBytes > outboundBytesMax) break;
      taken += 1;
      if (!question.settled) this.#writeNewest(question);
    }
    this.#waiting.splice(0, taken);
  }

  #writeNewest(question: Question): void {
    try {
      this.#write(question, this.#versions!.of(question.api));
    } catch (reason) {
      question.reject(asError(reason)); // It cannot be said in any version both know; nothing of it was written.
    }
  }

  #write(question: Question, version: number): void {
    const correlationId = this.#correlationId;
    const header = { correlationId, clientId: this.#options.clientId };
    const chunks = encodeRequest(question.api, version, header, question.request as never);
    this.#correlationId = (correlationId + 1) | 0;
    this.#sent.push({ question, version, correlationId });
    this.#link!.write(chunks);
  }

  #received(bytes: Uint8Array): void {
    const link = this.#link;
    try {
      this.#assembler.push(bytes);
      for (let frame = this.#assembler.next(); frame !== undefined; frame = this.#assembler.next()) {
        this.#answered(frame);
        if (this.#link !== link) return; // Whoever got the answer may have ended the connection.
      }
    } catch (reason) {
      this.#end(`answered what cannot be read: ${asError(reason).message}`);
    }
  }

  #answered(frame: Uint8Array): void {
    const first = this.#sent[0];
    const correlationId = correlationIdOf(frame);
    if (first === undefined || first.correlationId !== correlationId) {
      throw new Error(`answer ${correlationId} came where ${first?.correlationId ?? 'none'} was due`);
    }
    const told: unknown = decodeResponse(first.question.api, first.version, frame).body;
    this.#sent.shift();
    first.question.resolve(told);
  }

  #end(why: string): void {
    const { nodeId, clock, lost } = this.#options;
    const link = this.#link;
    this.#forget();
    link?.destroy();
    this.#nextConnectMs = clock.monotonicMs() + this.#backoff.failed();
    this.#rejectAll(new PeerGone(nodeId, why, false));
    if (!this.#closed) lost(false);
  }

  #forget(): void {
    this.#link = undefined;
    this.#versions = undefined;
    this.#assembler = new FrameAssembler(this.#options.limits.answerBytesMax);
  }

  #rejectAll(reason: Error): void {
    const all = [...this.#sent.splice(0).map(({ question }) => question), ...this.#waiting.splice(0)];
    for (const question of all) question.reject(reason);
  }

  /** One timer for all questions, at the earliest deadline that it was told of. */
  #watchDeadline(atMs: number): void {
    if (this.#deadline !== undefined && this.#deadline.atMs <= atMs) return;
    this.#deadline?.timer.cancel();
    const { clock } = this.#options;
    const timer = clock.after(Math.max(0, atMs - clock.monotonicMs()), () => this.#checkDeadlines());
    this.#deadline = { atMs, timer };
  }

  #checkDeadlines(): void {
    this.#deadline = undefined;
    const nowMs = this.#options.clock.monotonicMs();
    const late = this.#sent.find(({ question }) => question.deadlineMs <= nowMs && !question.settled);
    for (const question of this.#waiting.filter(({ deadlineMs }) => deadlineMs <= nowMs)) this.#silent(question);
    this.#waiting = this.#waiting.filter(({ settled }) => !settled);
    if (late !== undefined) {
      this.#silent(late.question);
      this.#end(`was silent for ${late.question.timeoutMs} ms`);
    }
    const open = [...this.#sent.map(({ question }) => question), ...this.#waiting].filter(({ settled }) => !settled);
    if (open.length > 0) this.#watchDeadline(Math.min(...open.map(({ deadlineMs }) => deadlineMs)));
  }

  #silent(question: Question): void {
    question.reject(new PeerSilent(this.#options.nodeId, question.api.name, question.timeoutMs));
  }
}
