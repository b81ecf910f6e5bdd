// `npm run bench -- [--json FILE] [--only NAME] [--runs N]`: our figures beside their yardsticks, measured in turn in one
// run. Each value is the median of the runs. Goals are ratios; absolute numbers are this machine's.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine } from './lib/measure.mjs';
import { Report } from './lib/report.mjs';
import { suites } from './suites/index.mjs';

const { values } = parseArgs({
  options: { json: { type: 'string' }, only: { type: 'string' }, runs: { type: 'string', default: '3' } },
});
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
  await suite(report, runs);
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ machine: facts, runs, rows: report.rows }, null, 2)}\n`);
const judged = report.rows.filter(({ reached }) => reached !== null);
console.log(`\n${judged.filter(({ reached }) => reached).length} of ${judged.length} goals reached`);
process.exit(0);
