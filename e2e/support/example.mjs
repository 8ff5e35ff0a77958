// Starts the example application as a person would: the binary, the environment, a port of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { binary } from './build.mjs';

/**
 * Starts the example on 127.0.0.1 and returns { url, output, stop } when it says that it is ready. The identity provider
 * is on localhost: cookies ignore ports, and only another host name makes a login as cross-site as with Auth0.
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
    child.on('exit', (code) => reject(new Error(`the example ended with ${code}:\n${output.join('\n')}`)));
  });

  return {
    url,
    output,
    // A clean end is part of the test: SIGTERM means exit status 0, and a data race makes it 66.
    async stop() {
      child.kill('SIGTERM');
      const [code, signal] = await exited;
      if (code !== 0) {
        throw new Error(`the example ended with ${code ?? signal}:\n${output.join('\n')}`);
      }
    },
  };
}
