// What users do with their own sessions: the list of devices, and a page behind a second factor.

import { test, expect } from '../../support/fixtures.mjs';

test('a user logs out another device', async ({ page, signIn, browser, app, idp }) => {
  const context = await browser.newContext({ baseURL: app.url, userAgent: 'Phone/1.0' });
  const phone = await context.newPage();
  await phone.goto('/account');
  await idp.logIn(phone, 'user@example.com');
  await expect(phone).toHaveURL(`${app.url}/account`);

  await signIn('user@example.com');
  const devices = page.getByRole('region', { name: 'Your devices' });
  await expect(devices.getByRole('row', { name: 'this device' })).toHaveCount(1);
  await devices
    .getByRole('row', { name: 'Phone/1.0' })
    .getByRole('button', { name: 'Log out the device Phone/1.0' })
    .click();
  await expect(page.getByRole('status')).toHaveText('You are logged out on that device.');
  await expect(devices.getByRole('row', { name: 'Phone/1.0' })).toHaveCount(0);
  expect((await phone.request.get('/api/me')).status(), 'the phone').toBe(401);
  expect((await page.request.get('/api/me')).status(), 'this device').toBe(200);
  await context.close();
});

test('a page behind a second factor leads through the login', async ({ page, signIn, idp }) => {
  await signIn('superuser@example.com');
  await page.goto('/');
  await page.getByRole('link', { name: 'Keys' }).first().click();
  await idp.logIn(page, 'superuser@example.com');
  await expect(page).toHaveURL('/keys');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Keys');
  await page.reload();
  await expect(page).toHaveURL('/keys');
});

test('a user without a second factor gets a page that says so', async ({ page, signIn }) => {
  await signIn('staff@example.com');
  const response = await page.goto('/keys');
  expect(response.status()).toBe(403);
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('Keys');
  await page.goto('/account');
  await expect(page).toHaveURL('/account');
});
