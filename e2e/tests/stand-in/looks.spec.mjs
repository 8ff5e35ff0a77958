// Each page on a phone, on a desktop and zoomed, in light, dark and forced colours: no horizontal
// scrolling, no small target, and no violation of the rules of axe (contrast, labels, landmarks,
// headings, language).

import AxeBuilder from '@axe-core/playwright';
import { test, expect } from '../../support/fixtures.mjs';

const phone = { width: 360, height: 740 };
const desktop = { width: 1280, height: 800 };

// A desktop that is zoomed to 400 % has 320 px, see WCAG 2.2, success criterion 1.4.10.
const zoomed = { width: 320, height: 256 };

const screens = {
  'phone, light': { viewport: phone, colorScheme: 'light' },
  'phone, dark': { viewport: phone, colorScheme: 'dark' },
  'desktop, light': { viewport: desktop, colorScheme: 'light' },
  'desktop, dark': { viewport: desktop, colorScheme: 'dark' },
  'zoomed, forced colours': { viewport: zoomed, contextOptions: { forcedColors: 'active' } },
};

/** Returns the buttons, fields and links outside of sentences that are smaller than 24 px. */
function smallTargets(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('button, input:not([type=hidden]), nav a, a.button, .brand')]
      .filter((element) => {
        const { width, height } = element.getBoundingClientRect();
        return width < 24 || height < 24;
      })
      .map((element) => element.outerHTML),
  );
}

async function check(page, name) {
  await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect.soft(overflow, `${name}: pixels of horizontal scrolling`).toBeLessThanOrEqual(0);
  expect.soft(await smallTargets(page), `${name}: targets under 24 px`).toEqual([]);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`,
  );
  expect.soft(found, `${name}: accessibility`).toEqual([]);
}

for (const [name, screen] of Object.entries(screens)) {
  test.describe(name, () => {
    test.use(screen);

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
      const paths = ['/', '/account', '/staff', '/staff?q=nowhere', '/superuser', '/auth0/'];
      for (const path of paths) {
        await page.goto(path);
        await check(page, path);
      }
      const background = await page
        .goto('/')
        .then(() => page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      const [red] = background.match(/\d+/g).map(Number);
      expect(red > 128, `background ${background}`).toBe(screen.colorScheme !== 'dark');
    });

    test('pages that call the API', async ({ page, signIn }) => {
      await signIn('staff@example.com', '/reports');
      await check(page, '/reports');
      await page.goto('/live');
      await check(page, '/live');
      await page.getByRole('button', { name: 'Load the reports' }).click();
      await expect(page.getByRole('table', { name: 'Reports of the API' })).toBeVisible();
      await check(page, '/live with the reports');
    });

    test('pages of a superuser', async ({ page, signIn }) => {
      await signIn('superuser@example.com', '/staff');
      await check(page, '/staff');
      await page.locator('#user-1').getByRole('button', { name: /^Log .* out/ }).click();
      await expect(page.getByRole('status')).toBeVisible();
      await check(page, '/staff with a message');
      await page.goto('/staff/1/deactivate');
      await check(page, 'the confirmation of a deactivation');
      await page.goto('/reports');
      await check(page, '/reports without the permission');
    });
  });
}
