import engines from './engines.config.mjs';

// `npm run test:clusters`: three nodes of Apache Kafka, and of ours, that are killed, restarted and moved. Some minutes,
// most of them Java's starts; so it is, but for one file, no part of what runs on each change.
export default {
  ...engines,
  maxWorkers: 1,
  testMatch: [
    '<rootDir>/test/conformance/client/three-nodes*.spec.ts',
    '<rootDir>/test/conformance/engines/cluster-nemesis.spec.ts',
    '<rootDir>/test/e2e/cluster/{cluster,clients}.spec.ts',
  ],
  testPathIgnorePatterns: [],
};
