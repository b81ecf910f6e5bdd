import type { Scenario } from '../scenario.js';
import { ALTER_CONFIGS } from './alter-configs.js';
import { CONFIGS } from './configs.js';
import { CONNECTION } from './connection.js';
import { FETCH } from './fetch.js';
import { FETCH_SESSIONS } from './fetch-sessions.js';
import { GROUP_OFFSETS } from './group-offsets.js';
import { GROUPS } from './groups.js';
import { LOG_DIRS } from './log-dirs.js';
import { METADATA } from './metadata.js';
import { OFFSETS } from './offsets.js';
import { PRODUCE } from './produce.js';
import { PRODUCE_BATCHES } from './produce-batches.js';
import { PRODUCERS } from './producers.js';
import { TOPICS } from './topics.js';

/** Every scenario of the differential tests, a file a family. */
export const SCENARIOS: readonly Scenario[] = [
  ...CONNECTION,
  ...PRODUCE,
  ...PRODUCE_BATCHES,
  ...PRODUCERS,
  ...FETCH,
  ...FETCH_SESSIONS,
  ...OFFSETS,
  ...METADATA,
  ...TOPICS,
  ...CONFIGS,
  ...ALTER_CONFIGS,
  ...LOG_DIRS,
  ...GROUPS,
  ...GROUP_OFFSETS,
];
