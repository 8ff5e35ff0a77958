// The search of the staff list, and the way back from a deactivation.

import { test, expect } from '../../support/fixtures.mjs';

test('the search finds users and keeps its text', async ({ page, signIn }) => {
  await signIn('superuser@example.com', '/staff');
  await page.getByRole('searchbox', { name: 'Name or e-mail address' }).fill('SUNIL');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page).toHaveURL('/staff?q=SUNIL');
  await expect(page.locator('.count')).toHaveText('1 user.');
  await expect(page.getByRole('rowheader')).toContainText('Sunil Superville');
  await expect(page.getByRole('searchbox')).toHaveValue('SUNIL');

  await page.getByRole('searchbox').fill('nowhere');
  await page.getByRole('searchbox').press('Enter');
  await expect(page.locator('.count')).toHaveText('No user matches the search.');
  await page.getByRole('link', { name: 'Show all' }).click();
  await expect(page).toHaveURL('/staff');
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 480 } });

  test('a deactivation asks first and returns to the row', async ({ page, signIn }) => {
    await signIn('superuser@example.com', '/staff?q=inactive@');
    await page.getByRole('button', { name: /^Activate / }).click();
    await expect(page).toHaveURL('/staff?q=inactive%40#user-1');
    await expect(page.getByRole('status')).toContainText('is active');

    const deactivate = page.getByRole('link', { name: /^Deactivate / });
    await deactivate.click();
    await page.getByRole('link', { name: 'Cancel' }).click();
    await expect(page).toHaveURL('/staff?q=inactive%40#user-1');
    await expect(page.getByText('inactive', { exact: true })).toHaveCount(0);

    await deactivate.click();
    await page.getByRole('button', { name: 'Deactivate' }).click();
    await expect(page).toHaveURL('/staff?q=inactive%40#user-1');
    await expect(page.getByRole('status')).toContainText('is inactive and cannot log in.');
    const row = page.locator('#user-1');
    await expect(row).toContainText('inactive');
    const message = await page.getByRole('status').boundingBox();
    const { y } = await row.boundingBox();
    expect(y, 'the message does not cover the row').toBeGreaterThan(message.y + message.height);
  });
});
