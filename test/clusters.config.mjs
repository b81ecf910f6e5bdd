import engines from './engines.config.mjs';

// `npm run test:clusters`: the client against three nodes of Apache Kafka that are killed, restarted and moved. Four
// minutes, most of them Java's starts; so it is no part of what runs on each change.
export default {
  ...engines,
  maxWorkers: 1,
  testMatch: [
    '<rootDir>/test/conformance/client/three-nodes*.spec.ts',
    '<rootDir>/test/e2e/cluster/{cluster,clients}.spec.ts',
  ],
  testPathIgnorePatterns: [],
};
