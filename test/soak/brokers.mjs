import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// Past the index of that lib: it stands on jest, which is not here.
import { startApacheKafka } from '../../libs/testing/dist/apache-kafka.js';
import { startBrokerProcess } from '../../libs/testing/dist/process-fixture.js';

/** Brokers that can be killed and started again on the same data and address, by name. */
export const brokers = {
  async trunkline(port) {
    const dir = mkdtempSync(join(tmpdir(), 'trunkline-soak-'));
    const settings = { 'auto.create.topics.enable': 'false', 'group.initial.rebalance.delay.ms': '0' };
    const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    let running;
    const start = async () => {
      process.off('exit', remove);
      const starting = startBrokerProcess(port, dir, settings);
      // The soak may end by an error or a signal: first the process goes, which sees to that itself, then its files.
      process.once('exit', remove);
      running = await starting;
    };
    await start();
    return {
      bootstrap: `127.0.0.1:${port}`,
      kill: () => running.kill(),
      start,
      async close() {
        await running.kill();
        process.off('exit', remove);
        remove();
      },
    };
  },
  /** Its jars must be there: `npm run kafka:jars`. */
  kafka: (port) => startApacheKafka({ port }),
};
