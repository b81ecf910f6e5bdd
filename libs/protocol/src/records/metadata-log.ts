// Records of the metadata log about the log itself.
// On disk: unsigned varints 1, key, version, then the body.
import { recordMessage } from '../api.js';
import { type Decoded, int8, nullable, string, struct, tagged } from '../schema.js';

/** From here on records count only when the end follows: what belongs together may span batches. */
export const BeginTransactionRecord = recordMessage({
  key: 23,
  name: 'BeginTransactionRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    name: tagged(0, nullable(string), null),
  }),
});
export type BeginTransactionRecord = Decoded<typeof BeginTransactionRecord>;

/** What began counts. */
export const EndTransactionRecord = recordMessage({
  key: 24,
  name: 'EndTransactionRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({}),
});
export type EndTransactionRecord = Decoded<typeof EndTransactionRecord>;

/** What began does not count. */
export const AbortTransactionRecord = recordMessage({
  key: 25,
  name: 'AbortTransactionRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    reason: tagged(0, nullable(string), null),
  }),
});
export type AbortTransactionRecord = Decoded<typeof AbortTransactionRecord>;

/** Nothing; keeps the log moving. */
export const NoOpRecord = recordMessage({
  key: 20,
  name: 'NoOpRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({}),
});
export type NoOpRecord = Decoded<typeof NoOpRecord>;

/** How far the move from ZooKeeper is; only old logs hold it. */
export const ZkMigrationStateRecord = recordMessage({
  key: 21,
  name: 'ZkMigrationStateRecord',
  versions: [0, 0],
  flexibleFrom: 0,
  type: struct({
    zkMigrationState: int8,
  }),
});
export type ZkMigrationStateRecord = Decoded<typeof ZkMigrationStateRecord>;
