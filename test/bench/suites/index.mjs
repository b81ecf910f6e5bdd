import { brokerSuite } from './broker.mjs';
import { clientSuite } from './client.mjs';
import { clusterBootSuite } from './cluster-boot.mjs';
import { clusterFailoverSuite } from './cluster-failover.mjs';
import { clusterFlowSuite } from './cluster-flow.mjs';
import { clusterGrowthSuite } from './cluster-growth.mjs';
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
  'cluster-boot': clusterBootSuite,
  'cluster-flow': clusterFlowSuite,
  'cluster-failover': clusterFailoverSuite,
  'cluster-growth': clusterGrowthSuite,
};
