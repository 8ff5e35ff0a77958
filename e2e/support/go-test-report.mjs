// node go-test-report.mjs JSON SUMMARY SKIPPED reads the output of go test -json. It prints the
// output of what failed, and writes the counts with the five slowest tests to SUMMARY and the
// skipped tests to SKIPPED.

import { readFileSync, writeFileSync } from 'node:fs';

const [input, summaryFile, skippedFile] = process.argv.slice(2);
const events = readFileSync(input, 'utf8').split('\n').filter(Boolean).map(parse);

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return { Action: 'text', Output: `${line}\n` };
  }
}

const packageName = (event) => event.Package?.replace('github.com/chiauth0/auth/', '');
const testName = (event) => `${packageName(event)} ${event.Test}`;
const isTopLevel = (event) => event.Test && !event.Test.includes('/');
const ended = (action) => events.filter((event) => event.Action === action);

printFailures();
writeFileSync(summaryFile, summary().join(''));
writeFileSync(skippedFile, skipped().join(''));

/** Prints the output of each failed test and package. */
function printFailures() {
  const failed = new Set(ended('fail').map((event) => `${event.Package} ${event.Test}`));
  for (const event of events) {
    const isFailure = failed.has(`${event.Package} ${event.Test}`);
    const isBuild = event.Action === 'build-output' || event.Action === 'text';
    if (isBuild || (event.Action === 'output' && isFailure)) {
      process.stdout.write(event.Output);
    }
  }
}

/** Returns the number of tests and the slowest ones, without subtests. */
function summary() {
  const passed = ended('pass').filter(isTopLevel);
  const failed = ended('fail').filter(isTopLevel);
  const slowest = [...passed, ...failed].sort((a, b) => b.Elapsed - a.Elapsed).slice(0, 5);
  return [
    `Go tests: ${passed.length} passed, ${failed.length} failed. The slowest:\n`,
    ...slowest.map((event) => `${event.Elapsed.toFixed(1).padStart(7)} s  ${testName(event)}\n`),
  ];
}

/** Returns one line for each skipped test. */
function skipped() {
  return ended('skip')
    .filter((event) => event.Test)
    .map((event) => `${testName(event)}\n`);
}
