// A browser restores its tabs after the session has expired. Single sign-on at the tenant is alive,
// so all tabs log in at the same moment, and no page asks for a password.

import { test, expect } from '../../support/fixtures.mjs';

const tabCount = 12;
const paths = Array.from({ length: tabCount }, (_, i) => `/account?tab=${i}`);

test.beforeEach(async ({ context, signIn }) => {
  await signIn('user@example.com');
  await context.clearCookies({ domain: '127.0.0.1' });
});

/** Opens the URLs in as many tabs at once and checks that each tab ends on its page. */
async function checkTabs(context, urls) {
  const tabs = await Promise.all(urls.map(() => context.newPage()));
  const answers = await Promise.all(tabs.map((tab, i) => tab.goto(urls[i])));
  const got = tabs.map((tab, i) => `${answers[i].status()} ${new URL(tab.url()).pathname}`);
  expect(got).toEqual(paths.map(() => '200 /account'));
  for (const [i, tab] of tabs.entries()) {
    await expect(tab).toHaveURL(paths[i]);
  }
}

test('tabs that are restored at once all return to their pages', async ({ context }) => {
  await checkTabs(context, paths);
});

test('logins that all begin before the first one ends return to their pages', async ({
  context,
  app,
}) => {
  const authorizeURLs = [];
  for (const path of paths) {
    let url = app.url + path;
    while (url.startsWith(app.url)) {
      const answer = await context.request.get(url, {
        headers: { Accept: 'text/html' },
        maxRedirects: 0,
      });
      url = answer.headers().location;
    }
    authorizeURLs.push(url);
  }
  await checkTabs(context, authorizeURLs);
});
