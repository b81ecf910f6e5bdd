import type { Scenario } from '../scenario.js';
import { CONNECTION } from './connection.js';

/** Every scenario of the differential tests, a file a family. */
export const SCENARIOS: readonly Scenario[] = [...CONNECTION];
