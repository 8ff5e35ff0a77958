// Builds the example and e2e/tokenapp for all workers, with the race detector. A data race sets the
// exit status, which stop in example.mjs checks.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../.bin/', import.meta.url));
export const binary = folder + 'example';
export const tokenApp = folder + 'tokenapp';

export default function build() {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  mkdirSync(folder, { recursive: true });
  execFileSync('go', ['build', '-race', '-o', folder, './example', './e2e/tokenapp'], {
    cwd: root,
    stdio: 'inherit',
  });
}
