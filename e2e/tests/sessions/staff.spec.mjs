// The actions of a superuser on the staff page, seen from the other user's browser.

import { test, expect } from '../../support/fixtures.mjs';

// The tests run in order: they deactivate and activate the same user.
test.describe.configure({ mode: 'serial' });

/** Returns a page of another browser that is signed in. */
async function signInElsewhere(browser, idp, app, email) {
  const context = await browser.newContext({ baseURL: app.url });
  const page = await context.newPage();
  await page.goto('/account');
  await idp.logIn(page, email);
  return page;
}

test('a superuser ends all sessions of a user', async ({ page, signIn, browser, idp, app }) => {
  const laptop = await signInElsewhere(browser, idp, app, 'user@example.com');
  const phone = await signInElsewhere(browser, idp, app, 'user@example.com');
  await expect(laptop).toHaveURL(`${app.url}/account`);
  await expect(phone).toHaveURL(`${app.url}/account`);

  await signIn('superuser@example.com', '/staff');
  await page.getByRole('button', { name: 'Log Uma Usher out everywhere' }).click();
  await expect(page.getByRole('status')).toHaveText('Uma Usher is logged out everywhere.');
  for (const other of [laptop, phone]) {
    expect((await other.request.get('/api/me')).status()).toBe(401);
  }
  expect((await page.request.get('/api/me')).status(), 'the superuser').toBe(200);
  await page.reload();
  await expect(page.getByRole('status')).toHaveCount(0);

  // Single sign-on at the tenant continues: a new login asks for no password.
  await laptop.goto('/account');
  await expect(laptop).toHaveURL(`${app.url}/account`);
  await laptop.context().close();
  await phone.context().close();
});

test('an inactive user is signed out at the next request and cannot log in', async ({
  page,
  signIn,
  browser,
  idp,
  app,
}) => {
  const other = await signInElsewhere(browser, idp, app, 'user@example.com');
  await expect(other).toHaveURL(`${app.url}/account`);

  await signIn('superuser@example.com', '/staff');
  await page.getByRole('link', { name: 'Deactivate Uma Usher' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Deactivate Uma Usher?');
  await page.getByRole('button', { name: 'Deactivate' }).click();
  await expect(page.getByRole('status')).toContainText('Uma Usher is inactive');
  expect((await other.request.get('/api/me')).status()).toBe(401);
  const answer = other.waitForResponse((response) => response.url().includes('/auth0/callback'));
  await other.goto('/account');
  expect((await answer).status()).toBe(403);

  await page.getByRole('button', { name: 'Activate Uma Usher' }).click();
  await expect(page.getByRole('status')).toContainText('Uma Usher is active');
  // A new browser: a third login within a minute in the old one would count as a loop.
  const again = await signInElsewhere(browser, idp, app, 'user@example.com');
  await expect(again).toHaveURL(`${app.url}/account`);
  await other.context().close();
  await again.context().close();
});

test('a superuser cannot deactivate the own account, and staff cannot deactivate users', async ({
  page,
  signIn,
  browser,
  idp,
  app,
}) => {
  await signIn('superuser@example.com', '/staff');
  await expect(
    page.getByRole('button', { name: 'Log Sunil Superville out everywhere' }),
  ).toBeVisible();
  await expect(page.getByLabel(/activate Sunil/i)).toHaveCount(0);

  const staff = await signInElsewhere(browser, idp, app, 'staff@example.com');
  await staff.goto('/staff');
  await expect(staff.getByRole('heading', { name: 'The users of this application' })).toBeVisible();
  await expect(staff.getByLabel(/everywhere|activate/i)).toHaveCount(0);
  await staff.context().close();
});
