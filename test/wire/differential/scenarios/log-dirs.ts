import { DescribeLogDirs } from '@trunkline/protocol';
import { batch, fill } from '../batches.js';
import { type Scenario, everyVersion, scenarios } from '../scenario.js';
import { NO_TOPIC, makeTopic } from '../topics.js';

const ANY_ORDER = { unordered: ['topics', 'partitions'] };

export const LOG_DIRS: readonly Scenario[] = [
  ...everyVersion('log dirs', DescribeLogDirs, [1, 5], 'shows sizes', async (on, version) => {
    const client = await on.connect();
    const topic = await makeTopic(on, client, `dirs-v${version}`, { partitions: 2 });
    await fill(client, topic, [batch(['a', 'b']), batch(['c'])]);
    const topics = [{ topic: topic.name, partitions: [0, 1] }];
    await on.ask(client, 'sizes', DescribeLogDirs, version, { topics }, ANY_ORDER);
  }),
  ...scenarios('log dirs', {
    'of all topics': async (on) => {
      const client = await on.connect();
      const topic = await makeTopic(on, client, 'dirs-all', { partitions: 2 });
      const answer = await client.send(DescribeLogDirs, 4, { topics: null });
      const found = answer.results.map((result) => result.topics.filter(({ name }) => name === topic.name));
      on.keep('the topic', found, { unordered: ['partitions'] });
    },
    'of none, of unknown ones, of one twice': async (on) => {
      const client = await on.connect();
      const { name } = await makeTopic(on, client, 'dirs-none');
      await on.ask(client, 'none', DescribeLogDirs, 4, { topics: [] });
      await on.ask(client, 'unknown', DescribeLogDirs, 4, { topics: [{ topic: NO_TOPIC.name, partitions: [0] }] });
      await on.ask(client, 'unknown partition', DescribeLogDirs, 4, { topics: [{ topic: name, partitions: [9] }] });
      await on.ask(client, 'no partitions', DescribeLogDirs, 4, { topics: [{ topic: name, partitions: [] }] });
      await on.ask(client, 'twice', DescribeLogDirs, 4, { topics: [{ topic: name, partitions: [0, 0] }] });
    },
  }),
];
