import { test, expect } from '../../support/fixtures.mjs';

// The name of the session cookie, with the identification of its Config.
const sessionCookie = /^chiauth0_session(_[0-9a-f]+)?$/;

test('a login from the home page of the router ends on a welcome', async ({ page, idp }) => {
  await page.goto('/auth0/');
  await expect(page.getByRole('heading', { name: 'Auth0 Login' })).toBeVisible();
  await page.getByText('Go to Login').click();
  await idp.logIn(page, 'user@example.com');

  await page.goto('/auth0/');
  await expect(page.getByText(/^Welcome, /)).toBeVisible();
});

test('a guarded page redirects to the login, which returns to the page', async ({ page, idp }) => {
  await page.goto('/account?tab=orders&q=a%2Bb');
  await idp.logIn(page, 'user@example.com');
  await expect(page).toHaveURL('/account?tab=orders&q=a%2Bb');
  await expect(page.getByRole('heading', { name: 'Account', level: 1 })).toBeVisible();
});

test('the login link of the public page returns to it', async ({ page, idp }) => {
  await page.goto('/?from=newsletter');
  await page.getByRole('banner').getByRole('link', { name: 'Log in' }).click();
  await idp.logIn(page, 'user@example.com');
  await expect(page).toHaveURL('/?from=newsletter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Hello, U');
});

test('claims become fields of the local user', async ({ page, signIn }) => {
  await signIn('staff@example.com');
  const local = page
    .locator('.card')
    .filter({ has: page.getByRole('heading', { name: 'The user of this application' }) });
  await expect(local).toContainText('staff@example.com');
  const me = await (await page.request.get('/api/me')).json();
  expect(me.email).toBe('staff@example.com');
  expect(me.fields.first_name).toMatch(/^Ste?[al]/);
  expect(me.fields.last_name).toBeTruthy();
});

test('a cancelled login ends on a page with a link to use another account', async ({
  page,
  idp,
}) => {
  await page.goto('/account');
  await expect(idp.loginPage(page)).toBeVisible();
  const answer = page.waitForResponse((response) => response.url().includes('/auth0/callback'));
  await idp.cancel(page);
  expect((await answer).status()).toBe(403);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  expect(await page.context().cookies()).not.toContainEqual(
    expect.objectContaining({ name: expect.stringMatching(sessionCookie) }),
  );

  await page.getByRole('link', { name: 'Use another account' }).click();
  await expect(idp.loginPage(page)).toBeVisible();
});

test('the session cookie is HttpOnly and SameSite=Lax', async ({ page, signIn }) => {
  await signIn('user@example.com');
  const session = (await page.context().cookies()).filter((cookie) =>
    sessionCookie.test(cookie.name),
  );
  expect(session).toEqual([
    expect.objectContaining({ domain: '127.0.0.1', path: '/', httpOnly: true, sameSite: 'Lax' }),
  ]);
  expect(await page.evaluate(() => document.cookie)).toBe('');
});

test('a completed login leaves no transaction cookie', async ({ page, signIn, app }) => {
  await signIn('user@example.com');
  const names = (await page.context().cookies(app.url)).map((cookie) => cookie.name);
  expect(names).toContainEqual(expect.stringMatching(sessionCookie));
  // chiauth0_attempts or chiauth0_loop_… counts logins for a minute, to detect a loop. A cookie
  // session may have several cookies.
  const others = names.filter((name) => !/^chiauth0_(attempts|loop|session)/.test(name));
  expect(others).toEqual([]);
});
