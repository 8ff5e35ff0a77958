import { test, expect } from '../../support/fixtures.mjs';

// The name of the session cookie, with the identification of its Config.
const sessionCookie = /^chiauth0_session(_[0-9a-f]+)?$/;

test('an inactive user is refused and can use another account', async ({ page, idp }) => {
  await page.goto('/account');
  const answer = page.waitForResponse((response) => response.url().includes('/auth0/callback'));
  await idp.logIn(page, 'inactive@example.com');
  expect((await answer).status()).toBe(403);
  expect((await page.request.get('/api/me')).status()).toBe(401);

  await page.getByRole('link', { name: 'Use another account' }).click();
  await idp.logIn(page, 'user@example.com');
  await expect(page).toHaveURL('/account');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Account');
});

test('a browser that loses the session cookie gets a page instead of a login loop', async ({
  page,
  context,
  signIn,
}) => {
  await signIn('user@example.com');
  await context.clearCookies({ name: sessionCookie });
  await page.goto('/account');
  await expect(page).toHaveURL('/account');
  await context.clearCookies({ name: sessionCookie });

  expect((await page.goto('/account')).status()).toBe(429);
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect(page).toHaveURL('/account');
});

const hostile = [
  'https://evil.example/',
  '//evil.example/',
  '///evil.example/',
  '/\\evil.example/',
  '\\\\evil.example/',
  '/%2fevil.example/',
  '/%5cevil.example/',
  '/\t/evil.example/',
  '/\n/evil.example/',
  '/./\\evil.example/',
  '/..//evil.example/',
  '/.//evil.example/',
  'http:evil.example',
  'javascript:alert(document.domain)',
  'data:text/html,<script>alert(1)</script>',
  '@evil.example/',
  'http://127.0.0.1@evil.example/',
  'http://127.0.0.1.evil.example/',
  'http://localhost/',
  '/auth0/logout',
  '/auth0/login',
  '/auth0/callback?error=access_denied',
];

test('a hostile next_url ends on the home page of the application', async ({
  page,
  signIn,
  app,
}) => {
  await signIn('user@example.com');
  const elsewhere = [];
  page.on('request', (request) => {
    if (request.url().includes('evil') && !request.url().startsWith(app.url)) {
      elsewhere.push(request.url());
    }
  });
  for (const next of hostile) {
    await page.goto(`/auth0/login?next_url=${encodeURIComponent(next)}`);
    expect.soft(page.url(), JSON.stringify(next)).toBe(`${app.url}/`);
  }
  expect(elsewhere).toEqual([]);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Hello, Uma');
});

test('a link, an image or a form on another site does not log the user out', async ({
  page,
  signIn,
  context,
  app,
}) => {
  await signIn('user@example.com');
  const logout = `${app.url}/auth0/logout`;
  const other = app.url.replace('127.0.0.1', 'localhost'); // another site for the browser
  await page.route(`${other}/attack`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<img src="${logout}">
        <form method="post" action="${logout}"><button>Win a prize</button></form>
        <a href="${logout}">Win another</a>`,
    }),
  );
  await page.goto(`${other}/attack`);
  await page.getByRole('button', { name: 'Win a prize' }).click();
  expect((await context.request.get(`${app.url}/api/me`)).status()).toBe(200);

  await page.goto(`${other}/attack`);
  await page.getByRole('link', { name: 'Win another' }).click();
  await expect(page.getByRole('button')).not.toHaveCount(0); // a page that asks for confirmation
  expect((await context.request.get(`${app.url}/api/me`)).status()).toBe(200);
});
