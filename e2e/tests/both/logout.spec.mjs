import { test, expect } from '../../support/fixtures.mjs';

// The name of the session cookie, with the identification of its Config.
const sessionCookie = /^chiauth0_session(_[0-9a-f]+)?$/;

test('a logout from the home page of the router returns to it', async ({ page, idp, signIn }) => {
  await signIn('user@example.com');
  await page.goto('/auth0/');
  await page.getByText('Logout').click();
  await idp.confirmLogout(page);
  await expect(page.getByRole('heading', { name: 'Auth0 Login' })).toBeVisible();
  await expect(page).toHaveURL('/auth0');
});

test('a logout from a page of the application ends the session', async ({ page, idp, signIn }) => {
  await signIn('user@example.com');
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await idp.confirmLogout(page);
  await expect(page.getByRole('heading', { name: 'Auth0 Login' })).toBeVisible();
  expect((await page.request.get('/api/me')).status()).toBe(401);
});

test('a logout ends single sign-on: the next login asks for the password', async ({
  page,
  idp,
  signIn,
  context,
  app,
}) => {
  await signIn('user@example.com');

  // With single sign-on, a login without a session asks for no password.
  await context.clearCookies({ domain: '127.0.0.1' });
  await page.goto('/account');
  await expect(page).toHaveURL('/account');

  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await idp.confirmLogout(page);
  await expect(page).toHaveURL('/auth0');
  await page.goto('/account');
  await expect(idp.loginPage(page)).toBeVisible();
  expect(new URL(page.url()).origin).not.toBe(app.url);
});

test('a copy of the session cookie is not signed in after the logout', async ({
  page,
  idp,
  signIn,
  context,
}) => {
  await signIn('user@example.com');
  const copied = await context.cookies();
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await idp.confirmLogout(page);
  await expect(page).toHaveURL('/auth0');

  const session = copied.filter((cookie) => sessionCookie.test(cookie.name));
  expect(session).toHaveLength(1);
  await context.addCookies(session);
  expect((await page.request.get('/api/me')).status()).toBe(401);
});
