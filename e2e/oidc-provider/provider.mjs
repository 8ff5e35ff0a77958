// An OpenID-certified identity provider that is not part of this project. It is configured like an
// Auth0 tenant: Auth0's paths, profile claims in the ID token, no consent page, a namespaced claim
// for the groups. It shows mistakes that the library and the stand-in tenant have in common.

import { createServer } from 'node:http';
import { once } from 'node:events';
import Provider from 'oidc-provider';

export const GROUPS_CLAIM = 'https://app.example/groups';

const groupsByEmail = {
  'staff@example.com': ['staff'],
  'superuser@example.com': ['staff', 'superusers'],
};

/**
 * Starts a provider on http://localhost:port/. It answers after register was called: the URL of the
 * application is not known before it has started with the issuer in its environment.
 *
 * @param {object} [options]
 * @param {number} [options.port] the port; 0, the default, is a free one
 * @param {boolean} [options.endSession] false removes end_session_endpoint from the discovery
 *   document, as in Auth0 tenants created before November 2023; their logout is /v2/logout
 * @param {number} [options.accessTokenLifetime] in seconds
 * @param {boolean} [options.requirePush] true refuses logins that are not pushed to /oauth/par
 * @returns {{
 *   issuer: string,
 *   register: (client: {
 *     id: string, secret?: string, key?: JsonWebKey, callbackURLs: string[], logoutURLs: string[],
 *   }) => void,
 *   problems: string[],
 *   refreshes: () => number,
 *   close: () => Promise<void>,
 * }} problems lists the errors of the requests that the provider received; refreshes counts the
 *   uses of refresh tokens; a client with a key authenticates by private_key_jwt
 */
export async function startProvider({ port = 0, ...options } = {}) {
  const server = createServer();
  server.listen(port, 'localhost');
  await once(server, 'listening');
  const issuer = `http://localhost:${server.address().port}/`;
  const problems = [];
  let refreshes = 0;

  return {
    issuer,
    problems,
    refreshes: () => refreshes,
    register(client) {
      const provider = new Provider(issuer, configuration(client, options));
      provider.use(auth0Logout(provider, client));
      for (const event of [
        'authorization.error',
        'grant.error',
        'end_session.error',
        'pushed_authorization_request.error',
        'revocation.error',
        'userinfo.error',
        'server_error',
      ]) {
        provider.on(event, (_ctx, err) => {
          if (err.error !== 'access_denied') {
            // a user cancelled the login
            problems.push(`${event}: ${err.error_description ?? err.message}`);
          }
        });
      }
      provider.on('grant.success', (ctx) => {
        if (ctx.oidc.params.grant_type === 'refresh_token') {
          refreshes++;
        }
      });
      server.on('request', provider.callback());
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function configuration(
  client,
  { endSession = true, accessTokenLifetime = 3600, requirePush = false },
) {
  return {
    clients: [
      {
        client_id: client.id,
        ...(client.secret && { client_secret: client.secret }),
        ...(client.key && { jwks: { keys: [client.key] } }),
        redirect_uris: client.callbackURLs,
        ...(endSession && { post_logout_redirect_uris: client.logoutURLs }),
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: client.key ? 'private_key_jwt' : 'client_secret_post',
      },
    ],
    routes: {
      authorization: '/authorize',
      token: '/oauth/token',
      userinfo: '/userinfo',
      jwks: '/.well-known/jwks.json',
      revocation: '/oauth/revoke',
      pushed_authorization_request: '/oauth/par',
      end_session: '/oidc/logout',
    },
    // The application recognizes Auth0, which has the older logout, by this endpoint.
    discovery: endSession ? {} : { mfa_challenge_endpoint: 'http://localhost/mfa/challenge' },
    features: {
      devInteractions: { enabled: true }, // a login page that accepts any user name and password
      rpInitiatedLogout: { enabled: endSession },
      revocation: { enabled: true },
      pushedAuthorizationRequests: {
        enabled: requirePush,
        requirePushedAuthorizationRequests: requirePush,
      },
    },
    pkce: { required: () => true },
    conformIdTokenClaims: false, // profile claims in the ID token, as Auth0 sends them
    rotateRefreshToken: true,
    // The provider removes offline_access from a login without prompt=consent.
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    claims: {
      openid: ['sub', 'sid', 'auth_time'],
      email: ['email', 'email_verified'],
      profile: ['name', 'nickname', 'given_name', 'family_name', 'picture', GROUPS_CLAIM],
    },
    findAccount: (_ctx, email) => ({ accountId: email, claims: () => claimsOf(email) }),
    loadExistingGrant: grantEverything,
    cookies: { keys: ['the cookies of a test provider protect nothing'] },
    ttl: {
      Session: 3600,
      Interaction: 3600,
      Grant: 3600,
      AccessToken: accessTokenLifetime,
      IdToken: 3600,
      AuthorizationCode: 60,
    },
  };
}

// The claims of an account. The user name is the e-mail address.
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

// Auth0 shows no consent page for first-party applications.
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

// Auth0's older logout: GET /v2/logout?client_id=…&returnTo=… ends single sign-on without a
// confirmation.
function auth0Logout(provider, client) {
  return async (ctx, next) => {
    if (ctx.method !== 'GET' || ctx.path !== '/v2/logout') {
      return next();
    }
    if (ctx.query.client_id !== client.id || !client.logoutURLs.includes(ctx.query.returnTo)) {
      ctx.status = 400;
      ctx.body = `returnTo ${ctx.query.returnTo} is not a logout URL of ${ctx.query.client_id}`;
      return;
    }
    const session = await provider.Session.get(ctx);
    await session.destroy();
    ctx.cookies.set(provider.cookieName('session'), null);
    ctx.redirect(ctx.query.returnTo);
  };
}
