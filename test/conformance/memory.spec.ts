import { MemoryEngine, MemoryStore } from '@trunkline/engine-memory';
import { describeEngine } from '@trunkline/testing';

describeEngine('memory', {
  features: {
    durable: false,
    orderedByKey: true,
    multiProcess: false,
    replay: true,
    partitionedBroadcast: true,
    nativeDelay: false,
    transactions: false,
  },
  open: async () => {
    const store = new MemoryStore();
    return { engine: () => new MemoryEngine({ store }), close: async () => {} };
  },
});
