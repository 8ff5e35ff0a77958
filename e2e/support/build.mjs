// Builds the example for all workers, with the race detector. A data race sets the exit status of
// the example, which stop in example.mjs checks.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const binary = fileURLToPath(new URL('../.bin/example', import.meta.url));

export default function build() {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  execFileSync('go', ['build', '-race', '-o', binary, './example'], {
    cwd: root,
    stdio: 'inherit',
  });
}
