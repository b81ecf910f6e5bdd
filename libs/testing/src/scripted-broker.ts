import { inProcessLinks } from '@trunkline/broker';
import { type Address, type Link, type Network, ZERO_UUID, type Uuid } from '@trunkline/kernel';
import {
  type AnyApi,
  ApiVersions,
  FRAME_SIZE_BYTES,
  Metadata,
  type RequestOf,
  type ResponseOf,
  apiByKey,
  decodeRequestBody,
  decodeRequestHeader,
  encodeResponse,
  errorCode,
} from '@trunkline/protocol';

const KEYS_MAX = 128;

/** As if the broker knew every version that there is. */
const ALL_VERSIONS = Array.from({ length: KEYS_MAX }, (_, key) => apiByKey(key))
  .filter((api) => api !== undefined)
  .map(({ key, versions }) => ({ apiKey: key, minVersion: versions[0], maxVersion: versions[1] }));

/** What a script does with a request: an answer, bytes in its place, nothing at all, or the end of the connection. */
export type Scripted<A extends AnyApi> = ResponseOf<A> | Uint8Array | 'silence' | 'hang up';

/** A request as it came. */
export interface Heard {
  readonly api: string;
  readonly version: number;
  readonly correlationId: number;
  readonly body: unknown;
  /** Counts the connections of the broker, from 1. */
  readonly connection: number;
}

type Script = (body: unknown, version: number, correlationId: number, connection: number) => Scripted<AnyApi>;

/** A broker that answers as a test tells it to: well, badly, or not at all. Links inside the process, real bytes. */
export class ScriptedBroker {
  readonly heard: Heard[] = [];
  readonly #scripts = new Map<number, Script>();
  readonly #links = new Set<Link>();
  connections = 0;
  /** Refuses to be connected to. */
  isDown = false;

  constructor(
    readonly nodeId: number,
    readonly host = '10.0.0.1',
    readonly port = 9092,
  ) {
    this.on(ApiVersions, (_, version) => ({
      errorCode: 0,
      apiKeys: ALL_VERSIONS,
      ...(version >= 3 && { finalizedFeatures: [{ name: 'group.version', maxVersionLevel: 1, minVersionLevel: 1 }] }),
    }));
  }

  /** Says how an API is answered from now on. */
  on<A extends AnyApi>(
    api: A,
    script: (body: RequestOf<A>, version: number, correlationId: number, connection: number) => Scripted<A>,
  ): this {
    this.#scripts.set(api.key, script as Script);
    return this;
  }

  /** How often an API was asked. */
  count(api: AnyApi): number {
    return this.heard.filter((one) => one.api === api.name).length;
  }

  get open(): number {
    return this.#links.size;
  }

  /** Ends every connection. */
  hangUp(): void {
    for (const link of this.#links) link.destroy();
  }

  /** Sends bytes that nobody asked for, on every connection. */
  say(bytes: Uint8Array): void {
    for (const link of this.#links) link.write([bytes]);
  }

  accept(link: Link): void {
    const connection = ++this.connections;
    this.#links.add(link);
    let rest = new Uint8Array(0);
    link.open({
      data: (bytes) => {
        const all = new Uint8Array(rest.length + bytes.length);
        all.set(rest);
        all.set(bytes, rest.length);
        rest = all;
        for (;;) {
          if (rest.length < FRAME_SIZE_BYTES) return;
          const end = FRAME_SIZE_BYTES + new DataView(rest.buffer, rest.byteOffset).getInt32(0);
          if (rest.length < end) return;
          const frame = rest.subarray(FRAME_SIZE_BYTES, end);
          rest = rest.subarray(end);
          this.#answer(link, frame, connection);
        }
      },
      drained: () => {},
      closed: () => void this.#links.delete(link),
    });
  }

  #answer(link: Link, frame: Uint8Array, connection: number): void {
    const { api, apiVersion, correlationId, body } = decodeRequestHeader(frame);
    const request = decodeRequestBody(api, apiVersion, body);
    this.heard.push({ api: api.name, version: apiVersion, correlationId, body: request, connection });
    const said = this.#scripts.get(api.key)?.(request, apiVersion, correlationId, connection) ?? 'silence';
    if (said === 'silence') return;
    if (said === 'hang up') link.destroy();
    else if (said instanceof Uint8Array) link.write([said]);
    else link.write(encodeResponse(api, refusesVersion(api, said) ? 0 : apiVersion, correlationId, said));
  }
}

/** KIP-511: a broker that does not know the version of an ApiVersions request says so in version 0. */
function refusesVersion(api: AnyApi, said: object): boolean {
  return api.key === ApiVersions.key && Reflect.get(said, 'errorCode') === errorCode('UNSUPPORTED_VERSION');
}

/** A topic as a scripted cluster tells of it: the leader of each partition. */
export interface ScriptedTopic {
  readonly name: string;
  readonly topicId?: Uuid;
  readonly leaders: readonly { readonly leader: number; readonly epoch: number }[];
}

/** Scripted brokers on a network of their own, all of which answer Metadata from the same words. */
export class ScriptedCluster {
  readonly brokers: readonly ScriptedBroker[];
  topics: readonly ScriptedTopic[] = [];
  /** Node ids that Metadata names. Default: every broker. */
  named: readonly number[];
  /** Addresses that were connected to, in order; refused ones too. */
  readonly dialled: string[] = [];
  #nextClient = 40_000;

  constructor(count = 1) {
    this.brokers = Array.from({ length: count }, (_, at) => new ScriptedBroker(at + 1, `10.0.0.${at + 1}`));
    this.named = this.brokers.map(({ nodeId }) => nodeId);
    for (const broker of this.brokers) broker.on(Metadata, (body) => this.metadata(body));
  }

  /** Only what connects: nothing listens. */
  get network(): Network {
    return {
      listen: () => Promise.reject(new Error('nothing listens on a scripted network')),
      connect: (address) => this.#connect(address),
    };
  }

  /** `host:port` of every broker. */
  get bootstrap(): string[] {
    return this.brokers.map(({ host, port }) => `${host}:${port}`);
  }

  metadata(request: RequestOf<typeof Metadata>): ResponseOf<typeof Metadata> {
    const asked = request.topics?.map(({ name }) => name) ?? this.topics.map(({ name }) => name);
    return {
      brokers: this.brokers
        .filter(({ nodeId }) => this.named.includes(nodeId))
        .map(({ nodeId, host, port }) => ({ nodeId, host, port, rack: null })),
      clusterId: 'scripted',
      controllerId: this.named[0] ?? -1,
      topics: asked.map((name) => this.#topic(name)),
    };
  }

  #topic(name: string | null) {
    const topic = this.topics.find((one) => one.name === name);
    if (topic === undefined) return { errorCode: 3, name, topicId: ZERO_UUID, isInternal: false, partitions: [] };
    const partitions = topic.leaders.map(({ leader, epoch }, partitionIndex) => ({
      errorCode: 0,
      partitionIndex,
      leaderId: leader,
      leaderEpoch: epoch,
      replicaNodes: [leader],
      isrNodes: [leader],
      offlineReplicas: [],
    }));
    return { errorCode: 0, name, topicId: topic.topicId ?? ZERO_UUID, isInternal: false, partitions };
  }

  #connect(address: Address): Promise<Link> {
    const where = 'path' in address ? address.path : `${address.host}:${address.port}`;
    this.dialled.push(where);
    const broker = this.brokers.find(({ host, port }) => `${host}:${port}` === where);
    if (broker === undefined || broker.isDown)
      return Promise.reject(Object.assign(new Error(`ECONNREFUSED ${where}`), { code: 'ECONNREFUSED' }));
    const [client, server] = inProcessLinks(`127.0.0.1:${this.#nextClient++}`, where);
    broker.accept(server);
    return Promise.resolve(client);
  }
}
