/** Says the figure of a run in its last line, for people and scripts alike, and which tests were left out before it. */
export default class FigureReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites, testResults } = results;
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    const isNarrowed = process.argv.some((word) => word === '-t' || word.startsWith('--testNamePattern'));
    const names = isNarrowed
      ? []
      : testResults.flatMap((file) => file.testResults.filter(({ status }) => status === 'pending'));
    // jest's own summary is written later, so this waits for the end.
    process.once('exit', () => {
      for (const { fullName } of names) process.stdout.write(`left out: ${fullName}\n`);
      process.stdout.write(`\n${numPassedTests} passed, ${failed} failed${skipped}\n`);
    });
  }
}
