import type { AnyHandler } from '../server/handler.js';
import { produce } from './00-produce.js';
import { fetch } from './01-fetch.js';
import { listOffsets } from './02-list-offsets.js';
import { deleteRecords } from './21-delete-records.js';
import { initProducerId } from './22-init-producer-id.js';
import { offsetForLeaderEpoch } from './23-offset-for-leader-epoch.js';
import { describeLogDirs } from './35-describe-log-dirs.js';
import { describeProducers } from './61-describe-producers.js';

/** Every API this broker answers. ApiVersions reads it, so what is said and what is done cannot differ. */
export const HANDLERS: readonly AnyHandler[] = [
  produce,
  fetch,
  listOffsets,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  describeLogDirs,
  describeProducers,
];
