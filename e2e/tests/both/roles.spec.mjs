import { test, expect } from '../../support/fixtures.mjs';

const pages = { '/account': 'Account', '/staff': 'Staff', '/superuser': 'Superuser' };

const accounts = [
  { email: 'user@example.com', opens: ['/account'], roles: { staff: false, superuser: false } },
  {
    email: 'staff@example.com',
    opens: ['/account', '/staff'],
    roles: { staff: true, superuser: false },
  },
  {
    email: 'superuser@example.com',
    opens: ['/account', '/staff', '/superuser'],
    roles: { staff: true, superuser: true },
  },
];

for (const { email, opens, roles } of accounts) {
  test(`${email} opens ${opens.join(', ')} and no other page`, async ({ page, signIn }) => {
    await signIn(email);
    for (const [path, title] of Object.entries(pages)) {
      const allowed = opens.includes(path);
      const response = await page.goto(path);
      expect(response.status(), path).toBe(allowed ? 200 : 403);
      expect(page.url(), 'a refusal does not redirect').toContain(path);
      if (allowed) {
        await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
        await expect(page.locator('.verdict').first()).toHaveText('200');
      } else {
        await expect(page.locator('.verdict')).toHaveText('403');
        await expect(page.locator('main')).toContainText(`This page needs the`);
      }
      await expect(page.locator('main pre').first()).toContainText(`"${path}"`);
    }
    const me = await page.request.get('/api/me');
    expect(me.status()).toBe(200);
    expect(await me.json()).toMatchObject({ email, ...roles });
  });
}

test('an anonymous visitor opens the public page only', async ({ page, idp, request }) => {
  expect((await page.goto('/')).status()).toBe(200);
  for (const path of Object.keys(pages)) {
    await page.goto(path);
    await expect(idp.loginPage(page), path).toBeVisible();
    expect(
      (await request.get(path, { headers: { Accept: 'application/json' } })).status(),
      path,
    ).toBe(401);
  }
  const me = await request.get('/api/me');
  expect(me.status()).toBe(401);
  expect(me.headers()['content-type']).toContain('application/problem+json');
  expect((await page.goto('/api/me')).status(), 'in the address bar').toBe(401);
});
