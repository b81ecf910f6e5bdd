import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  type ApacheKafka,
  type TestProcess,
  apacheKafkaJars,
  describeUnless,
  freePort,
  startApacheKafka,
  startBrokerProcess,
  whyLeftOut,
} from '@trunkline/testing';
import { Conversation } from './conversation.js';
import type { Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios/index.js';

/** The same on both brokers, so that answers can be compared. */
const SETTINGS = {
  'node.id': '1',
  'num.partitions': '2',
  'offsets.topic.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0',
  'auto.create.topics.enable': 'true',
};

const areJarsMissing = apacheKafkaJars() === undefined;
const leftOut = areJarsMissing ? 'its jars are missing: npm run kafka:jars' : whyLeftOut('Apache Kafka', '4.3.1');

describeUnless(leftOut, 'asked the same, Apache Kafka 4.3.1 and our broker', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'trunkline-differential-'));
  const run = Date.now().toString(36);
  const counts = { equal: 0, decided: 0 };
  let kafka: ApacheKafka;
  let broker: TestProcess;
  let ports: { readonly kafka: number; readonly ours: number };

  beforeAll(async () => {
    ports = { kafka: await freePort(), ours: await freePort() };
    broker = await startBrokerProcess(ports.ours, dataDir, { ...SETTINGS, 'http.listener': 'off' });
    kafka = await startApacheKafka({ port: ports.kafka, properties: SETTINGS });
  });
  afterAll(async () => {
    await broker.kill();
    await kafka.close();
    rmSync(dataDir, { recursive: true, force: true });
    const { equal, decided } = counts;
    console.log(`differential: ${SCENARIOS.length} scenarios, ${equal} equal, ${decided} decided`);
  });

  const converse = async (port: number, scenario: Scenario): Promise<readonly unknown[]> => {
    const conversation = new Conversation(port, run);
    try {
      await scenario.run(conversation);
      return conversation.steps;
    } finally {
      conversation.close();
    }
  };

  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', async (_name, scenario) => {
    const [theirs, ours] = await Promise.all([converse(ports.kafka, scenario), converse(ports.ours, scenario)]);
    if (scenario.decided === undefined) {
      expect(ours).toEqual(theirs);
      counts.equal += 1;
    } else {
      expect(ours).not.toEqual(theirs);
      counts.decided += 1;
    }
  });
});
