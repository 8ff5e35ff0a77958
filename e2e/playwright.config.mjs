import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig } from '@playwright/test';

// What a login, a logout and a guard are to a person, whatever keeps the session.
const sessions = ['both/login.spec.mjs', 'both/logout.spec.mjs', 'both/roles.spec.mjs', 'sessions/*.spec.mjs'];

export default defineConfig({
  testDir: 'tests',
  globalSetup: './support/build.mjs',
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  retries: 0, // a test that passes at the second try has found something
  timeout: 30_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    locale: 'en-GB',
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: installedBrowser(),
      args: [
        '--disable-background-networking',
        '--disable-component-update',
        '--no-first-run',
        // Nothing but this machine: a page that wants more fails here, not at the first user without a network.
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
      ],
    },
  },
  projects: [
    // tests/both runs against the stand-in tenant and against the certified provider, tests/sessions with every session
    // store, tests/stand-in is the rest.
    { name: 'stand-in', use: { identityProvider: 'stand-in' } },
    { name: 'redis sessions', testMatch: sessions, use: { identityProvider: 'redis sessions' } },
    { name: 'cookie sessions', testMatch: sessions, use: { identityProvider: 'cookie sessions' } },
    { name: 'oidc-provider', testDir: 'tests/both', use: { identityProvider: 'oidc-provider' } },
    {
      name: 'oidc-provider, older logout',
      testMatch: 'both/logout.spec.mjs',
      use: { identityProvider: 'oidc-provider, older logout' },
    },
  ],
});

// $CHROME, or a Chromium or Chrome that is installed. Nothing means the one that Playwright installs for itself.
function installedBrowser() {
  if (process.env.CHROME) {
    return process.env.CHROME;
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}
