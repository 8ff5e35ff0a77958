// npm run oidc-provider starts the provider alone, to try the example with it. It prints the
// settings of the example. PORT (default 9000) is the provider's port, APP_BASE_URL (default
// http://127.0.0.1:8000) is the example's URL.

import { startProvider, GROUPS_CLAIM } from './provider.mjs';

const app = process.env.APP_BASE_URL ?? 'http://127.0.0.1:8000';
const client = {
  id: 'example',
  secret: 'the secret of a client of a test provider',
  callbackURLs: [`${app}/auth0/callback`],
  logoutURLs: [`${app}/auth0`],
};

const { issuer, register } = await startProvider({ port: Number(process.env.PORT ?? 9000) });
register(client);
console.log(`oidc-provider is at ${issuer}; any user name signs in. Start the example with:

  ADDR='${new URL(app).host}' APP_BASE_URL='${app}' AUTH0_DOMAIN='${issuer}' \\
  AUTH0_CLIENT_ID='${client.id}' AUTH0_CLIENT_SECRET='${client.secret}' \\
  AUTH0_GROUPS_FIELD='${GROUPS_CLAIM}' AUTH0_STAFF_GROUP=staff AUTH0_SUPERUSER_GROUP=superusers \\
  go run ./example
`);
