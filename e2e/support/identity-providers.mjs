// The identity providers of the tests. Each has its own pages behind the same actions.

import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProvider, GROUPS_CLAIM } from '../oidc-provider/provider.mjs';
import { startExample, startTokenApp } from './example.mjs';
import { startRedis } from './redis.mjs';

/** The stand-in tenant inside the example. */
const standIn = {
  start: () => startExample(),
  async logIn(page, email, password = 'password') {
    await page.getByRole('textbox', { name: 'Email address' }).fill(email);
    await page.getByRole('textbox', { name: 'Password' }).fill(password);
    await page.getByRole('button', { name: 'Continue' }).click();
  },
  loginPage: (page) => page.getByRole('textbox', { name: 'Email address' }),
  async cancel(page) {
    await page.getByRole('button', { name: 'Cancel' }).click();
  },
  async confirmLogout() {}, // an id_token_hint makes a confirmation unnecessary, as at Auth0
};

/** The stand-in tenant, sessions in Redis, users in SQLite. */
const redisSessions = {
  ...standIn,
  async start() {
    const redis = await startRedis();
    const app = await startWithDatabase({ SESSION_STORE: 'redis', REDIS_URL: redis.url });
    return { ...app, stop: () => app.stop().finally(redis.stop) };
  },
};

/** The stand-in tenant, sessions in cookies with a revocation list in Redis, users in SQLite. */
const cookieSessions = {
  ...standIn,
  async start() {
    const redis = await startRedis();
    const app = await startWithDatabase({
      SESSION_STORE: 'cookie',
      AUTH0_SECRET: 'a secret of 32 bytes or more that seals the sessions',
      REDIS_URL: redis.url,
    });
    return { ...app, stop: () => app.stop().finally(redis.stop) };
  },
};

async function startWithDatabase(env) {
  const folder = await mkdtemp(join(tmpdir(), 'example-'));
  const app = await startExample({ ...env, DATABASE_URL: `sqlite://${folder}/users.db` });
  return { ...app, stop: () => app.stop().finally(() => rm(folder, { recursive: true })) };
}

/** The certified provider of ../oidc-provider. */
const oidcProvider = {
  start: () => startWithProvider(),
  async logIn(page, email, password = 'password') {
    await page.getByPlaceholder('Enter any login').fill(email);
    await page.getByPlaceholder('and password').fill(password);
    await page.getByRole('button', { name: 'Sign-in' }).click();
  },
  loginPage: (page) => page.getByPlaceholder('Enter any login'),
  async cancel(page) {
    await page.getByRole('link', { name: 'Cancel' }).click();
  },
  async confirmLogout(page) {
    await page.getByRole('button', { name: 'Yes, sign me out' }).click();
  },
};

/** The certified provider without an end_session_endpoint, so that the logout uses /v2/logout. */
const olderLogout = {
  ...oidcProvider,
  start: () => startWithProvider({ endSession: false }),
  async confirmLogout() {},
};

async function startWithProvider(options) {
  const provider = await startProvider(options);
  const client = { id: 'example', secret: 'the secret of a client of a test provider' };
  const app = await startExample({
    AUTH0_DOMAIN: provider.issuer,
    AUTH0_CLIENT_ID: client.id,
    AUTH0_CLIENT_SECRET: client.secret,
    AUTH0_USER_FIELD_MAPPING: 'first_name=given_name,last_name=family_name',
    AUTH0_GROUPS_FIELD: GROUPS_CLAIM,
    AUTH0_STAFF_GROUP: 'staff',
    AUTH0_SUPERUSER_GROUP: 'superusers',
  });
  register(provider, app, client);
  return { ...app, stop: () => stopBoth(app, provider) };
}

function register(provider, app, client) {
  provider.register({
    ...client,
    callbackURLs: [`${app.url}/auth0/callback`],
    logoutURLs: [`${app.url}/auth0`],
  });
}

// stopBoth fails if the provider has refused a request.
async function stopBoth(app, provider) {
  await app.stop();
  await provider.close();
  if (provider.problems.length > 0) {
    throw new Error(
      `the provider refused what the application sent:\n${provider.problems.join('\n')}`,
    );
  }
}

/** The certified provider with access tokens of two seconds, for e2e/tokenapp. */
const shortTokens = {
  ...oidcProvider,
  start: () => startTokens({}, { secret: 'the secret of a client of a test provider' }),
};

/** The same with pushed authorization requests and a client that authenticates with a key. */
const strongerClient = {
  ...oidcProvider,
  start() {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return startTokens(
      { requirePush: true },
      {
        key: { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' },
        pem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      },
    );
  },
};

async function startTokens(options, { secret, key, pem }) {
  const redis = await startRedis();
  const provider = await startProvider({ ...options, accessTokenLifetime: 2 });
  const app = await startTokenApp({
    REDIS_ADDRS: redis.url.replace('redis://', ''),
    AUDIENCES: 'https://api.example/',
    AUTH0_DOMAIN: provider.issuer,
    AUTH0_CLIENT_ID: 'example',
    AUTH0_SECRET: 'a secret of 32 bytes or more that seals the sessions',
    ...(secret && { AUTH0_CLIENT_SECRET: secret }),
    ...(pem && { AUTH0_CLIENT_ASSERTION_SIGNING_KEY: pem }),
  });
  register(provider, app, { id: 'example', secret, key });
  const stop = () => stopBoth(app, provider).finally(redis.stop);
  return { ...app, refreshes: provider.refreshes, stop };
}

export const identityProviders = {
  'stand-in': standIn,
  'redis sessions': redisSessions,
  'cookie sessions': cookieSessions,
  'oidc-provider': oidcProvider,
  'oidc-provider, older logout': olderLogout,
  'oidc-provider, short tokens': shortTokens,
  'oidc-provider, stronger client': strongerClient,
};
