// Starts the example with an environment and a free port.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { binary } from './build.mjs';

/**
 * Starts the example on 127.0.0.1. Returns { url, output, stop } when the example prints that it is
 * ready. The identity provider is on localhost: cookies ignore ports, so only another host name
 * makes the callback cross-site, as it is with Auth0.
 */
export async function startExample(env = {}) {
  const child = spawn(binary, {
    env: { ADDR: '127.0.0.1:0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const output = [];
  const url = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        output.push(line);
        const ready = line.match(/^The example is ready: (\S+)/);
        if (ready) {
          resolve(ready[1]);
        }
      });
    }
    child.on('error', reject);
    child.on('exit', (code) =>
      reject(new Error(`the example ended with ${code}:\n${output.join('\n')}`)),
    );
  });

  return {
    url,
    output,
    // Sends SIGTERM and checks that the exit status is 0. After a data race it is 66.
    async stop() {
      child.kill('SIGTERM');
      const [code, signal] = await exited;
      if (code !== 0) {
        throw new Error(`the example ended with ${code ?? signal}:\n${output.join('\n')}`);
      }
    },
  };
}
