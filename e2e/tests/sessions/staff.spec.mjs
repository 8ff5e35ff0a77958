// What a superuser does to other people on the staff page, in two browsers.

import { test, expect } from '../../support/fixtures.mjs';

// One after the other: they switch one user on and off.
test.describe.configure({ mode: 'serial' });

/** A second browser in which somebody is signed in. */
async function another(browser, idp, app, email) {
  const context = await browser.newContext({ baseURL: app.url });
  const page = await context.newPage();
  await page.goto('/account');
  await idp.logIn(page, email);
  return page;
}

test('a superuser signs somebody out everywhere', async ({ page, signIn, browser, idp, app }) => {
  const laptop = await another(browser, idp, app, 'user@example.com');
  const phone = await another(browser, idp, app, 'user@example.com');
  await expect(laptop).toHaveURL(`${app.url}/account`);
  await expect(phone).toHaveURL(`${app.url}/account`);

  await signIn('superuser@example.com', '/staff');
  await page.getByRole('button', { name: 'Sign Uma Usher out everywhere' }).click();
  await expect(page.getByRole('status')).toHaveText('Uma Usher is signed out everywhere.');
  for (const other of [laptop, phone]) {
    expect((await other.request.get('/api/me')).status()).toBe(401);
  }
  expect((await page.request.get('/api/me')).status(), 'the superuser').toBe(200);
  await page.reload();
  await expect(page.getByRole('status')).toHaveCount(0);

  // Single sign-on at the tenant was not ended: one click, and no password.
  await laptop.goto('/account');
  await expect(laptop).toHaveURL(`${app.url}/account`);
  await laptop.context().close();
  await phone.context().close();
});

test('U6: somebody who is switched off is out at the next request, and stays out', async ({ page, signIn, browser, idp, app }) => {
  const other = await another(browser, idp, app, 'user@example.com');
  await expect(other).toHaveURL(`${app.url}/account`);

  await signIn('superuser@example.com', '/staff');
  await page.getByRole('button', { name: 'Switch Uma Usher off' }).click();
  await expect(page.getByRole('status')).toContainText('Uma Usher is inactive');
  expect((await other.request.get('/api/me')).status()).toBe(401);
  const answer = other.waitForResponse((response) => response.url().includes('/auth0/callback'));
  await other.goto('/account');
  expect((await answer).status()).toBe(403);

  await page.getByRole('button', { name: 'Switch Uma Usher on' }).click();
  await expect(page.getByRole('status')).toContainText('Uma Usher is active');
  const again = await another(browser, idp, app, 'user@example.com'); // in the old one it would be the third login in a minute
  await expect(again).toHaveURL(`${app.url}/account`);
  await other.context().close();
  await again.context().close();
});

test('nobody switches themselves off, and staff who are no superusers nobody at all', async ({ page, signIn, browser, idp, app }) => {
  await signIn('superuser@example.com', '/staff');
  await expect(page.getByRole('button', { name: 'Sign Sunil Superville out everywhere' })).toBeVisible();
  await expect(page.getByRole('button', { name: /^Switch Sunil/ })).toHaveCount(0);

  const staff = await another(browser, idp, app, 'staff@example.com');
  await staff.goto('/staff');
  await expect(staff.getByRole('heading', { name: 'The users of this application' })).toBeVisible();
  await expect(staff.getByRole('button', { name: /everywhere|Switch/ })).toHaveCount(0);
  await staff.context().close();
});
