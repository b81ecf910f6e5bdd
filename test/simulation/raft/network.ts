import type { NodeId } from '@trunkline/kernel';
import type { Peer, RaftRequest, RaftResponse, RaftTransport, Unanswered } from '@trunkline/raft';
import type { Life, SimWorld } from '../world.js';
import type { RaftSimNode } from './node.js';

/** How bad the network is. */
export interface Weather {
  readonly delayUsMax: number;
  readonly lossPercent: number;
  readonly duplicatePercent: number;
}

const DUPLICATE_US_MAX = 3_000_000;
const FAIR: Weather = { delayUsMax: 2000, lossPercent: 0, duplicatePercent: 4 };

/** Between the nodes: messages are late, lost, or come twice; ways are cut, one way or both. */
export class RaftNetwork {
  weather: Weather = FAIR;
  readonly nodes = new Map<number, RaftSimNode>();
  /** Looked at by the invariants. */
  onRequest: (from: RaftSimNode, request: RaftRequest) => void = () => {};
  onResponse: (by: RaftSimNode, request: RaftRequest, response: RaftResponse) => void = () => {};
  readonly #cut = new Set<string>();
  /** Who waits for an answer of a node: they hear of it when its process ends. */
  readonly #waiting = new Map<number, Set<() => void>>();

  constructor(private readonly world: SimWorld) {}

  cut(from: number, to: number): void {
    this.#cut.add(`${from} ${to}`);
  }

  heal(): void {
    this.#cut.clear();
    this.weather = FAIR;
  }

  /** The process of a node has ended: its connections are reset, when its machine still says so. */
  ended(id: number, isSilent: boolean): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!isSilent) for (const hear of waiting ?? []) hear();
  }

  transportOf(from: RaftSimNode, life: Life): RaftTransport {
    return { send: (to, request) => this.#send(from, life, to, request) };
  }

  #send(from: RaftSimNode, life: Life, { id }: Peer, request: RaftRequest): Promise<RaftResponse | Unanswered> {
    this.onRequest(from, request);
    const { dice } = this.world;
    return new Promise((resolve) => {
      const back = (what: string, answer: RaftResponse | Unanswered): void => {
        if (this.#isLost(id, from.id)) return;
        this.#later(`${id}>${from.id} ${what}`, life, () => from.whenAwake(() => resolve(answer)));
      };
      const arrive = (waitUs: number): void => {
        if (this.#isLost(from.id, id)) return;
        this.#later(`${from.id}>${id} ${request.api}`, life, () => this.#arrived(id, request, back), waitUs);
      };
      arrive(0);
      // A copy of a connection that is thought dead may arrive when the world is another.
      if (dice.chance(this.weather.duplicatePercent)) arrive(dice.below(DUPLICATE_US_MAX));
    });
  }

  #arrived(id: NodeId, request: RaftRequest, back: (what: string, answer: RaftResponse | Unanswered) => void): void {
    const target = this.nodes.get(id);
    if (target === undefined || !target.isUp) {
      if (target?.isSilent !== true) back('refused', { api: 'unanswered', refused: true });
      return;
    }
    const hear = (): void => back('reset', { api: 'unanswered', refused: false });
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(hear));
    target.handle(request, (response) => {
      waiting.delete(hear);
      this.onResponse(target, request, response);
      back(request.api, response);
    });
  }

  #isLost(from: number, to: number): boolean {
    return this.#cut.has(`${from} ${to}`) || this.world.dice.chance(this.weather.lossPercent);
  }

  #later(label: string, life: Life, run: () => void, waitUs = 0): void {
    this.world.schedule(20 + waitUs + this.world.dice.below(this.weather.delayUsMax), label, life, run);
  }
}
