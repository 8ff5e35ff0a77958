import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig } from '@playwright/test';

// The tests that run with each session store.
const sessions = [
  'both/login.spec.mjs',
  'both/logout.spec.mjs',
  'both/roles.spec.mjs',
  'sessions/*.spec.mjs',
];

export default defineConfig({
  testDir: 'tests',
  globalSetup: './support/build.mjs',
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  retries: 1, // only for its trace
  failOnFlakyTests: true, // a test that passes at the second attempt fails the run
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    locale: 'en-GB',
    screenshot: 'only-on-failure',
    trace: 'on-first-retry',
    launchOptions: {
      executablePath: installedBrowser(),
      args: [
        '--disable-background-networking',
        '--disable-component-update',
        '--no-first-run',
        // The pages load nothing from other hosts. A request to one fails.
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
      ],
    },
  },
  projects: [
    // tests/both runs with the stand-in tenant and the certified provider. tests/sessions runs with
    // each session store. tests/stand-in runs with the stand-in tenant and sessions in memory.
    { name: 'stand-in', testIgnore: 'tokens/*', use: { identityProvider: 'stand-in' } },
    { name: 'redis sessions', testMatch: sessions, use: { identityProvider: 'redis sessions' } },
    { name: 'cookie sessions', testMatch: sessions, use: { identityProvider: 'cookie sessions' } },
    { name: 'oidc-provider', testDir: 'tests/both', use: { identityProvider: 'oidc-provider' } },
    {
      name: 'oidc-provider, older logout',
      testMatch: 'both/logout.spec.mjs',
      use: { identityProvider: 'oidc-provider, older logout' },
    },
    ...['oidc-provider, short tokens', 'oidc-provider, stronger client'].map((name) => ({
      name,
      testDir: 'tests/tokens',
      use: { identityProvider: name },
    })),
  ],
});

// Returns $CHROME or the path of an installed Chromium or Chrome. If there is none, Playwright uses
// the browser that `npx playwright install chromium` installs.
function installedBrowser() {
  if (process.env.CHROME) {
    return process.env.CHROME;
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}
