// npm run screenshot takes example/screenshot.png: the staff page, opened by a staff user.

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
    viewport: { width: 1160, height: 800 },
    deviceScaleFactor: 1.5,
  });
  await page.goto(`${app.url}/staff`);
  await identityProviders['stand-in'].logIn(page, 'staff@example.com');
  await page.getByRole('heading', { name: 'Staff', level: 1 }).waitFor();
  await page.screenshot({
    path: fileURLToPath(new URL('../example/screenshot.png', import.meta.url)),
  });
} finally {
  await browser.close();
  await app.stop();
}
