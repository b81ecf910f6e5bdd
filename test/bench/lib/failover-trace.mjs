// What everybody said from a moment to the next: lines of the nodes' logs and what the client met, in order of time.

/** A little before and after, so that the cause and the end are seen. */
const AROUND_MS = 50;
const LINE_CHARACTERS_MAX = 220;

/** `fromMs` and `fromAtMs` are the same moment, of the monotonic clock and of the clock of the logs. */
export function printTrace(nodes, { what, fromMs, fromAtMs, untilMs, sends }) {
  const tookMs = untilMs - fromMs;
  const told = [{ ms: tookMs, who: 'client', line: 'acknowledged by another' }];
  for (const { atMs, what: line } of sends.events) told.push({ ms: atMs - fromMs, who: 'client', line });
  for (const id of nodes.ids) {
    for (const line of nodes.lines(id)) {
      const time = /^(\d{4}-\S+Z) (.*)$/.exec(line);
      if (time !== null) told.push({ ms: Date.parse(time[1]) - fromAtMs, who: `node ${id}`, line: time[2] });
    }
  }
  console.log(`${what}: ${Math.round(tookMs)} ms`);
  const said = new Set();
  for (const { ms, who, line } of told.toSorted((a, b) => a.ms - b.ms)) {
    if (ms < -AROUND_MS || ms > tookMs + AROUND_MS) continue;
    if (who === 'client' && said.has(line)) continue; // It asks again every few ms.
    said.add(line);
    console.log(`  ${ms.toFixed(0).padStart(6)} ms ${who}: ${line.slice(0, LINE_CHARACTERS_MAX)}`);
  }
}
