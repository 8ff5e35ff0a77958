// npm run screenshot takes the pictures of the README: the staff page, opened by a staff user, in
// light and in dark.

import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import config from './playwright.config.mjs';
import build from './support/build.mjs';
import { startExample } from './support/example.mjs';
import { identityProviders } from './support/identity-providers.mjs';

build();
const app = await startExample();
const browser = await chromium.launch(config.use.launchOptions);
try {
  const page = await browser.newPage({
    viewport: { width: 1000, height: 760 },
    deviceScaleFactor: 1.5,
  });
  for (const email of ['user@example.com', 'superuser@example.com', 'staff@example.com']) {
    await page.context().clearCookies();
    await page.goto(`${app.url}/staff`);
    await identityProviders['stand-in'].logIn(page, email);
    await page.getByRole('heading', { level: 1 }).waitFor();
  }
  for (const [colorScheme, name] of [
    ['light', 'screenshot.png'],
    ['dark', 'screenshot-dark.png'],
  ]) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({
      path: fileURLToPath(new URL(`../example/${name}`, import.meta.url)),
    });
  }
} finally {
  await browser.close();
  await app.stop();
}
