import { describeFailures } from './kafka-failures.js';
import { startTrunkline } from './trunkline-process.js';

describeFailures('a Trunkline broker', () => startTrunkline(19_525));
