// Each page on a phone and on a desktop, in light and dark: no horizontal scrolling, and no
// violation of the rules of axe (contrast, labels, landmarks, headings, language).

import AxeBuilder from '@axe-core/playwright';
import { test, expect } from '../../support/fixtures.mjs';

const screens = {
  phone: { width: 360, height: 740 },
  desktop: { width: 1280, height: 800 },
};

async function check(page, name) {
  await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect.soft(overflow, `${name}: pixels of horizontal scrolling`).toBeLessThanOrEqual(0);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`,
  );
  expect.soft(found, `${name}: accessibility`).toEqual([]);
}

for (const [screen, viewport] of Object.entries(screens)) {
  for (const colorScheme of ['light', 'dark']) {
    test.describe(`${screen}, ${colorScheme}`, () => {
      test.use({ viewport, colorScheme });

      test('pages of an anonymous visitor', async ({ page, idp }) => {
        await page.goto('/');
        await check(page, '/');
        await page.goto('/auth0/');
        await check(page, '/auth0/');
        await page.goto('/auth0/callback?state=unknown&code=x');
        await check(page, 'an unknown callback');
        await page.goto('/account');
        await expect(idp.loginPage(page)).toBeVisible();
        await check(page, 'the login page of the stand-in');
      });

      test('pages of a staff user', async ({ page, signIn }) => {
        await signIn('staff@example.com');
        for (const path of ['/', '/account', '/staff', '/superuser', '/auth0/']) {
          await page.goto(path);
          await check(page, path);
        }
        const background = await page
          .goto('/')
          .then(() => page.evaluate(() => getComputedStyle(document.body).backgroundColor));
        const [red] = background.match(/\d+/g).map(Number);
        expect(red > 128, `background ${background}`).toBe(colorScheme === 'light');
      });
    });
  }
}
