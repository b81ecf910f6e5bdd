import { startApacheKafka } from '@trunkline/testing';
import { describeFailures } from './kafka-failures.js';

describeFailures('Apache Kafka', () => startApacheKafka({ port: 19_515 }));
