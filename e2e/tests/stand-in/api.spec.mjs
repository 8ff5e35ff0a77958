// The pages that call the reports API: on the server with HTTPClient, and from a script with Proxy.

import { test, expect } from '../../support/fixtures.mjs';

const api = 'The answer of the API';

/** Returns the section of a page with a heading. */
const section = (page, name) => page.getByRole('region', { name });

test('the reports page shows the answer of the API and describes the token', async ({
  page,
  signIn,
}) => {
  await signIn('staff@example.com', '/reports');
  await expect(section(page, api).getByRole('row')).toHaveCount(4);
  await expect(section(page, api)).toContainText('200');

  const token = section(page, 'The access token');
  await expect(token).toContainText('https://reports.example/');
  await expect(token).toContainText('read:reports');
  await expect(token.getByRole('time')).toContainText('UTC');
  expect(await page.content(), 'a token in the page').not.toMatch(/eyJ[\w-]+\./);
});

test('a user without the permission sees the refusal of the API', async ({ page, signIn }) => {
  await signIn('user@example.com', '/reports');
  await expect(section(page, api)).toContainText('403');
  await expect(section(page, api)).toContainText('read:reports');
  await expect(section(page, 'The access token')).not.toContainText('read:reports');

  await page.goto('/live');
  await page.getByRole('button', { name: 'Load the reports' }).click();
  await expect(section(page, 'The reports')).toContainText('The API answers 403');
});

test('a script loads the reports without having a token', async ({ page, signIn }) => {
  const seen = [];
  page.on('response', async (response) => {
    const request = response.request();
    seen.push(JSON.stringify(await request.allHeaders()));
    seen.push(JSON.stringify(await response.allHeaders()));
  });
  await signIn('staff@example.com', '/live');
  await page.getByRole('button', { name: 'Load the reports' }).click();
  const table = page.getByRole('table', { name: 'Reports of the API' });
  await expect(table.getByRole('row')).toHaveCount(4);
  await expect(section(page, 'The reports')).toContainText('The API answers 200 with 3 reports.');
  expect(seen.join('\n').toLowerCase(), 'a token in a header').not.toContain('bearer');
});

test('the session panel shows how long the session lasts', async ({ page, signIn }) => {
  await signIn('staff@example.com', '/live');
  const panel = section(page, 'Your session');
  await expect(panel).toContainText('You are logged in.');
  await expect(panel).toContainText('in 24 hours');
  await expect(panel).toContainText('in 72 hours');
});

test('the session panel reports a logout in another tab', async ({ page, context, signIn }) => {
  await signIn('staff@example.com', '/live');
  const panel = section(page, 'Your session');
  await expect(panel).toContainText('You are logged in.');

  const other = await context.newPage();
  await other.goto('/account');
  await other.getByRole('button', { name: 'Log out', exact: true }).click();
  await expect(other).toHaveURL('/auth0');
  await expect(panel).toContainText('You are logged out.');
  await page.getByRole('button', { name: 'Load the reports' }).click();
  await expect(section(page, 'The reports')).toContainText('Log in again');
});
