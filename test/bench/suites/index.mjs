import { brokerSuite } from './broker.mjs';
import { kafkaSuite } from './kafka.mjs';
import { librarySuite } from './library.mjs';
import { startSuite } from './start.mjs';

/** What `--only` chooses from. */
export const suites = { broker: brokerSuite, library: librarySuite, kafka: kafkaSuite, start: startSuite };
