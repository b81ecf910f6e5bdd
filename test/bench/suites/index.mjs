import { brokerSuite } from './broker.mjs';
import { clientSuite } from './client.mjs';
import { kafkaSuite } from './kafka.mjs';
import { librarySuite } from './library.mjs';
import { startSuite } from './start.mjs';

/** What `--only` chooses from. */
export const suites = {
  broker: brokerSuite,
  library: librarySuite,
  client: clientSuite,
  kafka: kafkaSuite,
  start: startSuite,
};
