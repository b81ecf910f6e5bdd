import { apacheKafkaVersion, describeUnless, startApacheKafka, whyLeftOut } from '@trunkline/testing';
import { describeFailures } from './kafka-failures.js';

describeUnless(whyLeftOut('Apache Kafka', apacheKafkaVersion()), 'failures under the bus', () =>
  describeFailures('Apache Kafka', () => startApacheKafka({ port: 19_515 })),
);
