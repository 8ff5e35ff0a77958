// Starts the example or e2e/tokenapp with an environment and a free port.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { binary, tokenApp } from './build.mjs';

/**
 * Starts the example on 127.0.0.1. Returns { url, output, stop } when the example prints that it is
 * ready. The identity provider is on localhost: cookies ignore ports, so only another host name
 * makes the callback cross-site, as it is with Auth0.
 */
export function startExample(env = {}) {
  return start(binary, 'example', env);
}

/** Starts e2e/tokenapp, whose /token answers with an access token, as startExample does. */
export function startTokenApp(env) {
  return start(tokenApp, 'token application', env);
}

async function start(program, name, env) {
  const child = spawn(program, {
    env: { ADDR: '127.0.0.1:0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const output = [];
  const url = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        output.push(line);
        const ready = line.match(/^The .* is ready: (\S+)/);
        if (ready) {
          resolve(ready[1]);
        }
      });
    }
    child.on('error', reject);
    child.on('exit', (code) =>
      reject(new Error(`the ${name} ended with ${code}:\n${output.join('\n')}`)),
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
        throw new Error(`the ${name} ended with ${code ?? signal}:\n${output.join('\n')}`);
      }
    },
  };
}
