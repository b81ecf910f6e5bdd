// `npm run bench -- [--json FILE] [--only NAME] [--runs N]`: our figures beside their yardsticks, measured in turn in one
// run. Each value is the median of the runs. Goals are ratios; absolute numbers are this machine's.
// Of the suites of clusters: `--peer-only` measures Apache Kafka alone, `--trace` prints what each node and the client
// said from a kill to the first record that is acknowledged again.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine } from './lib/measure.mjs';
import { Report } from './lib/report.mjs';
import { suites } from './suites/index.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    runs: { type: 'string', default: '3' },
    'peer-only': { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});
// With 'exit', everything that was started is ended and its folders are removed.
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 }))
  process.on(signal, () => process.exit(code));
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1 || runs > 100) {
  console.error(`--runs ${values.runs}: a whole number from 1 to 100 is wanted`);
  process.exit(2);
}
const chosen = Object.entries(suites).filter(([name]) => values.only === undefined || name.includes(values.only));
if (chosen.length === 0) {
  console.error(`--only ${values.only}: there is ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}
const facts = machine();
console.log(
  `${facts.cpu}, ${facts.cores} cores, ${facts.memoryGb} GB, Node ${facts.node}, ${facts.platform}; median of ${runs} runs\n`,
);
const report = new Report();
for (const [name, suite] of chosen) {
  console.log(`--- ${name}`);
  await suite(report, runs, { peerOnly: values['peer-only'], trace: values.trace });
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ machine: facts, runs, rows: report.rows }, null, 2)}\n`);
const judged = report.rows.filter(({ reached }) => reached !== null);
console.log(`\n${judged.filter(({ reached }) => reached).length} of ${judged.length} goals reached`);
process.exit(0);
