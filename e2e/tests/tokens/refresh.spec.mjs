import { test, expect } from '../../support/fixtures.mjs';

const tokenPath = '/token?audience=' + encodeURIComponent('https://api.example/');
const untilExpired = () => new Promise((resolve) => setTimeout(resolve, 2100));

// The provider rotates refresh tokens and revokes them all when one is used twice. It reports the
// second use as a problem, which fails the run.
test('requests with an expired token make one refresh each time', async ({ page, signIn, app }) => {
  await signIn('user@example.com', '/');
  const seen = new Set();
  const before = app.refreshes();
  for (const round of [1, 2, 3]) {
    await untilExpired();
    const ask = async () => {
      const answer = await page.request.get(tokenPath);
      expect(answer.status()).toBe(200);
      return answer.text();
    };
    const tokens = new Set([await ask(), ...(await Promise.all([ask(), ask(), ask(), ask()]))]);
    expect(tokens.size).toBeLessThanOrEqual(2); // a token is replaced after one second
    tokens.forEach((token) => seen.add(token));
    expect(seen.size).toBeGreaterThanOrEqual(round);
    expect(app.refreshes() - before).toBe(seen.size);
  }
});

test('a logout ends the tokens', async ({ page, signIn, idp }) => {
  await signIn('user@example.com', '/');
  await untilExpired();
  expect((await page.request.get(tokenPath)).status()).toBe(200);

  await page.goto('/auth0/');
  await page.getByText('Logout').click();
  await idp.confirmLogout(page);
  await expect(page).toHaveURL('/auth0');
  const headers = { Accept: 'application/json' };
  expect((await page.request.get(tokenPath, { headers })).status()).toBe(401);
});
