import { test as base, expect } from '@playwright/test';
import { identityProviders } from './identity-providers.mjs';

export { expect };

export const test = base.extend({
  identityProvider: ['stand-in', { option: true, scope: 'worker' }],

  // One application per worker. Each test has its own browser context, with its own cookies.
  app: [
    async ({ identityProvider }, use) => {
      const app = await identityProviders[identityProvider].start();
      await use(app);
      await app.stop();
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ app }, use) => use(app.url),

  // The actions on the identity provider's pages: logIn, loginPage, cancel, confirmLogout.
  idp: async ({ identityProvider }, use) => use(identityProviders[identityProvider]),

  // signIn logs in for a page of the application.
  signIn: async ({ page, idp }, use) => {
    await use(async (email, path = '/account') => {
      await page.goto(`/auth0/login?next_url=${encodeURIComponent(path)}`);
      await idp.logIn(page, email);
      await expect(page).toHaveURL(path);
    });
  },

  // Fails the test if a page violates its own Content-Security-Policy.
  contentSecurityPolicy: [
    async ({ context }, use) => {
      const violations = [];
      context.on('console', (message) => {
        if (message.text().includes('Content Security Policy')) {
          violations.push(`${message.page()?.url()}: ${message.text()}`);
        }
      });
      await use();
      expect(violations).toEqual([]);
    },
    { auto: true },
  ],

  // Attaches the application's log to a failed test.
  applicationLog: [
    async ({ app }, use, testInfo) => {
      const start = app.output.length;
      await use();
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach('the application', { body: app.output.slice(start).join('\n') });
      }
    },
    { auto: true },
  ],
});
