import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  type TestProcess,
  apacheKafkaJars,
  describeUnless,
  freePort,
  startBrokerProcess,
  whyLeftOut,
} from '@trunkline/testing';
import { run } from './client-process.js';

const jars = apacheKafkaJars();
const leftOut = jars === undefined ? 'its jars are missing: npm run kafka:jars' : whyLeftOut('Apache Kafka', '4');

describeUnless(leftOut, 'Apache Kafka’s own tools on the broker app', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'trunkline-tools-'));
  let broker: TestProcess;
  let address: string;

  beforeAll(async () => {
    const port = await freePort();
    address = `127.0.0.1:${port}`;
    broker = await startBrokerProcess(port, dataDir, { 'num.partitions': '3', 'http.listener': 'off' });
  });
  afterAll(async () => {
    await broker.kill();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const java = (tool: string, args: readonly string[], input = ''): Promise<string> =>
    run(
      'java',
      ['-Xmx256M', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', `${jars}/*`, tool, ...args],
      input,
    );
  const words = (text: string): string[] => text.split(' ');
  const topics = (...args: string[]): Promise<string> =>
    java('org.apache.kafka.tools.TopicCommand', ['--bootstrap-server', address, ...args]);
  const events = (said: string, name: string): Record<string, unknown>[] =>
    said
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((event) => event['name'] === name);

  it('create, alter, describe, list and delete topics', async () => {
    await topics('--create', '--topic', 'tools', '--partitions', '2', '--config', 'retention.ms=60000');
    await topics('--alter', '--topic', 'tools', '--partitions', '5');
    const described = await topics('--describe', '--topic', 'tools');
    expect(described).toMatch(/PartitionCount: 5\s+ReplicationFactor: 1\s+Configs: .*retention\.ms=60000/);
    expect(await topics('--list')).toContain('tools');
    await topics('--delete', '--topic', 'tools');
    expect(await topics('--list')).not.toContain('tools');
  });

  it('change and show configs', async () => {
    await topics('--create', '--topic', 'configured');
    const configs = (...args: string[]): Promise<string> =>
      java('kafka.admin.ConfigCommand', ['--bootstrap-server', address, '--entity-type', 'topics', ...args]);
    await configs('--entity-name', 'configured', '--alter', '--add-config', 'max.message.bytes=2000000');
    expect(await configs('--entity-name', 'configured', '--describe')).toContain('max.message.bytes=2000000');
    await configs('--entity-name', 'configured', '--alter', '--delete-config', 'max.message.bytes');
    expect(await configs('--entity-name', 'configured', '--describe')).not.toContain('max.message.bytes=2000000');
  });

  it('produce from a console, and consume on another', async () => {
    await topics('--create', '--topic', 'console');
    const input = Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join('');
    await java('org.apache.kafka.tools.ConsoleProducer', ['--bootstrap-server', address, '--topic', 'console'], input);
    const read = await java(
      'org.apache.kafka.tools.consumer.ConsoleConsumer',
      words(`--bootstrap-server ${address} --topic console --from-beginning --max-messages 20 --group console`),
    );
    expect(read.trim().split('\n').toSorted()).toEqual(input.trim().split('\n').toSorted());
    const groups = await java(
      'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
      words(`--bootstrap-server ${address} --describe --group console`),
    );
    expect(groups).toMatch(/console\s+console\s+\d+\s+\d+\s+\d+\s+0/);
  });

  it('verify that what a producer was told is what a consumer gets', async () => {
    await topics('--create', '--topic', 'verified', '--partitions', '2');
    const produced = await java(
      'org.apache.kafka.tools.VerifiableProducer',
      words(`--bootstrap-server ${address} --topic verified --max-messages 500 --acks -1`),
    );
    const acknowledged = events(produced, 'producer_send_success');
    expect(acknowledged).toHaveLength(500);
    expect(events(produced, 'producer_send_error')).toEqual([]);
    const consumed = await java(
      'org.apache.kafka.tools.VerifiableConsumer',
      words(
        `--bootstrap-server ${address} --topic verified --group-id verified --max-messages 500 --reset-policy earliest --verbose`,
      ),
    );
    const place = ({ partition, offset, value }: Record<string, unknown>): string =>
      JSON.stringify([partition, offset, value]);
    expect(events(consumed, 'record_data').map(place).toSorted()).toEqual(acknowledged.map(place).toSorted());
    const last = events(consumed, 'offsets_committed').at(-1);
    expect(last).toMatchObject({ success: true });
  });
});
