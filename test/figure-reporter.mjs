/** Says the figure of a run in its last line, for people and scripts alike, and which tests were left out before it. */
export default class FigureReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites, testResults } = results;
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    const isNarrowed = process.argv.some((word) => word === '-t' || word.startsWith('--testNamePattern'));
    const lines = isNarrowed ? [] : testResults.flatMap(({ testResults: tests }) => leftOut(tests));
    // jest's own summary is written later, so this waits for the end.
    process.once('exit', () => {
      for (const line of lines) process.stdout.write(`left out: ${line}\n`);
      process.stdout.write(`\n${numPassedTests} passed, ${failed} failed${skipped}\n`);
    });
  }
}

/** The tests of a file that were left out; a group that was left out whole in one line, as its name says why. */
function leftOut(tests) {
  const groups = Map.groupBy(tests, ({ ancestorTitles }) => ancestorTitles[0]);
  return [...groups].flatMap(([group, members]) => {
    const pending = members.filter(({ status }) => status === 'pending');
    const isWhole = group !== undefined && pending.length > 1 && pending.length === members.length;
    return isWhole ? [`${group}: ${pending.length} tests`] : pending.map(({ fullName }) => fullName);
  });
}
