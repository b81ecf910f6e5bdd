import { type Logger, concatBytes } from '@trunkline/kernel';
import { ApiVersions, FindCoordinator, Heartbeat, Metadata, encodeRequest, errorCode } from '@trunkline/protocol';
import { InProcessNetwork, ManualClock, ManualLink } from '@trunkline/testing';
import type { Parts } from '../src/parts.js';
import { type Answer, handler } from '../src/server/handler.js';
import { MemoryBudget } from '../src/server/memory-budget.js';
import { BrokerMetrics } from '../src/server/metrics.js';
import type { RequestContext } from '../src/server/request-context.js';
import { Router } from '../src/server/router.js';
import { SERVER_LIMITS, type ServerLimits } from '../src/server/server-limits.js';
import { Server } from '../src/server/server.js';

type HeartbeatAnswer = Answer<typeof Heartbeat>;

/** A server without a broker: Heartbeat answers when the test says, FindCoordinator too and overlaps, Metadata at once. */
export class ServerWorld {
  readonly clock = new ManualClock();
  readonly metrics = new BrokerMetrics();
  readonly lines: string[] = [];
  readonly defects: Error[] = [];
  readonly waiting: {
    readonly key: string;
    readonly context: RequestContext;
    answer(): void;
    fail(reason: Error): void;
  }[] = [];
  heartbeat: () => HeartbeatAnswer | Promise<HeartbeatAnswer> = () => ({ errorCode: 0 });
  readonly server: Server;
  #correlationId = 0;

  /** `serving: false`: requests wait until `server.serve()`. */
  constructor(limits: Partial<ServerLimits> = {}, serving = true) {
    const line = (message: string): void => void this.lines.push(message);
    const logger: Logger = { debug: line, info: line, warn: line, error: line };
    const parts = { clock: this.clock } as unknown as Parts;
    const handlers = [
      handler({
        api: ApiVersions,
        handle: () => ({ errorCode: 0, apiKeys: [] }),
        failed: () => ({ errorCode: -1, apiKeys: [] }),
      }),
      handler({
        api: Metadata,
        handle: () => ({ brokers: [], clusterId: 'c', topics: [] }),
        failed: () => ({ brokers: [], topics: [] }),
      }),
      handler({
        api: Heartbeat,
        handle: ({ groupId }, _parts, context) =>
          groupId === 'park' ? this.#parked('heartbeat', context, { errorCode: 0 }) : this.heartbeat(),
        failed: (_request, error) => ({ errorCode: errorCode(error.code) }),
      }),
      handler({
        api: FindCoordinator,
        overlaps: true,
        handle: ({ key }, _parts, context) =>
          this.#parked(key, context, { errorCode: 0, nodeId: 1, host: 'h', port: 1 }),
        failed: () => ({ errorCode: -1, nodeId: -1, host: '', port: -1 }),
      }),
    ];
    const { metrics, clock } = this;
    const router = new Router({
      handlers,
      parts,
      metrics,
      logger,
      onDefect: (defect) => void this.defects.push(defect),
    });
    const network = new InProcessNetwork();
    const all = { ...SERVER_LIMITS, ...limits };
    const answers = new MemoryBudget(all.queuedResponseBytesMax);
    this.server = new Server({ router, limits: all, metrics, network, clock, logger, answers });
    if (serving) this.server.serve();
  }

  connect(remote?: string): ManualLink {
    const link = new ManualLink(remote);
    this.server.accept(link, 'PLAINTEXT');
    return link;
  }

  heartbeatFrame(groupId = '', extraBytes = 0): Uint8Array {
    const body = { groupId, generationId: 1, memberId: 'm'.repeat(extraBytes) };
    return concatBytes(encodeRequest(Heartbeat, 0, { correlationId: this.#correlationId++, clientId: 'test' }, body));
  }

  find(key: string): Uint8Array {
    return concatBytes(
      encodeRequest(FindCoordinator, 0, { correlationId: this.#correlationId++, clientId: 'test' }, { key }),
    );
  }

  async answer(key: string): Promise<void> {
    this.waiting.find((waiting) => waiting.key === key)!.answer();
    await settled();
  }

  #parked<T>(key: string, context: RequestContext, body: T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ key, context, answer: () => resolve(body), fail: reject });
    });
  }
}

/** A turn of the event loop later. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
export const SECOND = 1_000;
