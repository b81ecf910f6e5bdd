// A member of a group that begins messages and never finishes them. `stuck-member.mjs BOOTSTRAP CHANNEL GROUP`
import { kafka } from '@trunkline/engine-kafka';

const [bootstrap, channel, group] = process.argv.slice(2);
const engine = kafka({ brokers: [bootstrap], sessionTimeoutMs: 6_000 });
await engine.start();
await engine.subscribe(
  { channels: [channel], mode: { kind: 'group', group }, order: 'key', concurrency: 8, from: 'earliest' },
  async ({ partition, offset }) => {
    console.log(`begun ${partition}/${offset}`);
    await new Promise(() => {});
  },
);
console.log('ready');
