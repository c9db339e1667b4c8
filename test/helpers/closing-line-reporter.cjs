const { writeSync } = require('node:fs');

/**
 * Ends a run with one plain line for machines: `tests: 57 passed, 0 failed`, and `, 2 skipped` if there are any. A test
 * file that could not run, or left handles open, counts as one failed test.
 */
module.exports = class ClosingLineReporter {
  onRunComplete(_, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests > 0 ? `, ${results.numPendingTests} skipped` : '';
    // Jest's own summary comes after every other reporter, and warnings after that.
    const line = `tests: ${results.numPassedTests} passed, ${failed} failed${skipped}\n`;
    process.once('exit', () => writeSync(process.stdout.fd, line));
  }
};
