// An OpenID-certified identity provider that this project did not write, in Auth0's shape: its paths, profile claims in
// the ID token, no consent page, a namespaced claim for the groups. What the browser tests show against it cannot be a
// misunderstanding shared by the library and its own stand-in tenant.

import { createServer } from 'node:http';
import { once } from 'node:events';
import Provider from 'oidc-provider';

export const GROUPS_CLAIM = 'https://app.example/groups';

const groupsByEmail = {
  'staff@example.com': ['staff'],
  'superuser@example.com': ['staff', 'superusers'],
};

/**
 * Starts a provider on http://localhost:port/ and returns { issuer, problems, close }. problems lists what the provider
 * itself found wrong with the requests it got; a test that is about a good login expects it to be empty.
 *
 * @param {object} options
 * @param {{id: string, secret: string, callbackURLs: string[], logoutURLs: string[]}[]} options.clients
 * @param {number} [options.port] 0, the default, lets the system choose
 * @param {boolean} [options.endSession] whether discovery names an end_session_endpoint; Auth0 tenants made before
 *   November 2023 do not, and are left through /v2/logout
 */
export async function startProvider({ clients, port = 0, endSession = true }) {
  const server = createServer();
  server.listen(port, 'localhost');
  await once(server, 'listening');
  const issuer = `http://localhost:${server.address().port}/`;

  const provider = new Provider(issuer, configuration(clients, endSession));
  provider.use(auth0Logout(provider));

  const problems = [];
  for (const event of ['authorization.error', 'grant.error', 'end_session.error', 'userinfo.error', 'server_error']) {
    provider.on(event, (_ctx, err) => problems.push(`${event}: ${err.message} ${err.error_description ?? ''}`.trim()));
  }
  server.on('request', provider.callback());

  return {
    issuer,
    problems,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function configuration(clients, endSession) {
  return {
    clients: clients.map((client) => ({
      client_id: client.id,
      client_secret: client.secret,
      redirect_uris: client.callbackURLs,
      post_logout_redirect_uris: client.logoutURLs,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_post',
    })),
    routes: {
      authorization: '/authorize',
      token: '/oauth/token',
      userinfo: '/userinfo',
      jwks: '/.well-known/jwks.json',
      revocation: '/oauth/revoke',
      end_session: '/oidc/logout',
    },
    features: {
      devInteractions: { enabled: true }, // its own login page: any user name, any password
      rpInitiatedLogout: { enabled: endSession },
      revocation: { enabled: true },
    },
    pkce: { required: () => true },
    conformIdTokenClaims: false, // profile claims in the ID token, as Auth0 sends them
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    claims: {
      openid: ['sub', 'sid', 'auth_time'],
      email: ['email', 'email_verified'],
      profile: ['name', 'nickname', 'given_name', 'family_name', 'picture', GROUPS_CLAIM],
    },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => claimsOf(id) }),
    loadExistingGrant: grantEverything,
    cookies: { keys: ['the cookies of a test provider protect nothing'] },
    ttl: { Session: 3600, Interaction: 3600, Grant: 3600, AccessToken: 3600, IdToken: 3600, AuthorizationCode: 60 },
  };
}

// The account of whoever signs in: the user name is the e-mail address.
function claimsOf(email) {
  const nickname = email.split('@')[0];
  const name = nickname.charAt(0).toUpperCase() + nickname.slice(1);
  return {
    sub: email,
    email,
    email_verified: true,
    name: `${name} Example`,
    nickname,
    given_name: name,
    family_name: 'Example',
    [GROUPS_CLAIM]: groupsByEmail[email] ?? [],
  };
}

// Auth0 asks for no consent when an application of one's own logs in.
async function grantEverything(ctx) {
  const { client, session, provider, params } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  if (known) {
    return provider.Grant.find(known);
  }
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

// Auth0's older way out: GET /v2/logout?client_id=…&returnTo=… ends single sign-on without a question.
function auth0Logout(provider) {
  return async (ctx, next) => {
    if (ctx.method !== 'GET' || ctx.path !== '/v2/logout') {
      return next();
    }
    const client = await provider.Client.find(ctx.query.client_id);
    if (!client?.postLogoutRedirectUris.includes(ctx.query.returnTo)) {
      ctx.status = 400;
      ctx.body = 'The "returnTo" querystring parameter is not an allowed logout URL.';
      return;
    }
    const session = await provider.Session.get(ctx);
    await session.destroy();
    ctx.cookies.set(provider.cookieName('session'), null);
    ctx.redirect(ctx.query.returnTo);
  };
}
