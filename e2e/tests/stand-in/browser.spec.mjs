// Tabs, the Back button, a wrong password, and a browser without JavaScript.

import { test, expect } from '../../support/fixtures.mjs';

test('two tabs that log in at once both return to their pages', async ({ context, idp }) => {
  const [first, second] = [await context.newPage(), await context.newPage()];
  await first.goto('/account');
  await second.goto('/staff');
  await expect(idp.loginPage(first)).toBeVisible();
  await expect(idp.loginPage(second)).toBeVisible();

  await idp.logIn(second, 'staff@example.com');
  await expect(second).toHaveURL('/staff');
  await idp.logIn(first, 'staff@example.com');
  await expect(first).toHaveURL('/account');

  await second.reload();
  await expect(second.getByRole('heading', { level: 1 })).toHaveText('Staff');
});

test('going back after a login and opening the callback again show no error', async ({
  page,
  idp,
  app,
}) => {
  let callback;
  page.on('request', (request) => {
    if (request.url().startsWith(`${app.url}/auth0/callback?`)) {
      callback = request.url();
    }
  });
  await page.goto('/');
  await page.goto('/account');
  await idp.logIn(page, 'user@example.com');
  await expect(page).toHaveURL('/account');

  await page.goBack(); // the login page of the tenant, already used
  await page.goBack();
  await expect(page).toHaveURL('/');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Hello, Uma');

  const again = await page.goto(callback);
  expect(again.status()).toBe(200);
  await expect(page).toHaveURL('/');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Hello, Uma');
});

test('going back after a logout does not show the account', async ({ page, signIn }) => {
  await signIn('user@example.com');
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await expect(page).toHaveURL('/auth0');
  await page.goBack();
  await page.waitForLoadState();
  await expect(page.locator('body')).not.toContainText('Uma Usher');
});

test('a wrong password shows a message on the login page', async ({ page, idp }) => {
  await page.goto('/account');
  await idp.logIn(page, 'user@example.com', 'wrong');
  await expect(page.getByText('Wrong email or password')).toBeVisible();
  await idp.logIn(page, 'user@example.com');
  await expect(page).toHaveURL('/account');
});

test('a login button of a test account fills in its email address', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Log in as Stella (staff)' }).click();
  await expect(page.getByRole('textbox', { name: 'Email address' })).toHaveValue(
    'staff@example.com',
  );
  await page.getByRole('textbox', { name: 'Password' }).fill('password');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page).toHaveURL('/');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Hello, Stella Stafford');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('login, guarded pages and logout work', async ({ page, signIn }) => {
    await signIn('staff@example.com', '/staff');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Staff');
    await page.getByRole('link', { name: 'Superuser', exact: true }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('No access to Superuser');
    await page.getByRole('button', { name: 'Log out', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Auth0 Login' })).toBeVisible();
  });
});
