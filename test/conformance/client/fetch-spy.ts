import type { Answered, BodyOf, Cluster, SendOptions } from '@trunkline/client';
import { type AnyApi, type Encodable, Fetch } from '@trunkline/protocol';

/** A fetch as it left. */
export interface SeenFetch {
  readonly lane: string;
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly asked: number;
  readonly forgotten: number;
}

/** The same cluster, with an eye on its fetches; with `versionMax` none is newer than that. */
export function spyOnFetches(cluster: Cluster, versionMax?: number): { cluster: Cluster; seen: SeenFetch[] } {
  const seen: SeenFetch[] = [];
  const send = <A extends AnyApi>(
    nodeId: number,
    api: A,
    body: BodyOf<A>,
    options: SendOptions,
    answered: Answered<A>,
  ): void => {
    if (api.key === Fetch.key && typeof body !== 'function') {
      const {
        sessionId = 0,
        sessionEpoch = -1,
        topics,
        forgottenTopicsData = [],
      } = body as Encodable<typeof Fetch.request>;
      const asked = topics.reduce((sum, { partitions }) => sum + partitions.length, 0);
      const forgotten = forgottenTopicsData.reduce((sum, { partitions }) => sum + partitions.length, 0);
      seen.push({ lane: options.lane ?? '', sessionId, sessionEpoch, asked, forgotten });
    }
    const limited = versionMax === undefined ? options : { ...options, versionMax };
    cluster.send(nodeId, api, body, limited, answered);
  };
  const spied = new Proxy(cluster, {
    get: (target, name) => {
      if (name === 'send') return send;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return { cluster: spied, seen };
}
