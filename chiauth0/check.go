package chiauth0

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// Check tries the settings that [Config.Validate] cannot judge, and returns all faults, joined.
// Each names its setting and the fix.
//
//   - Auth0: the discovery document, and a signing key that is accepted.
//   - Client credentials: ClientID, ClientSecret and AuthStyle, by the exchange of a code that does
//     not exist. Auth0 answers invalid_grant when they are right.
//   - The session store: a read of a session that does not exist.
//   - The user provider: a look-up of a user that does not exist.
//
// Check is meant for deploys, and for a readiness probe that runs at most every few minutes: it
// makes three requests to Auth0, and the exchange is a failed one in the tenant's log. It stores
// nothing. An error that wraps [ErrUnavailable] is an outage, which may pass.
//
// Check is a use of the Config: later changes of its fields make guards panic.
func Check(ctx context.Context, cfg *Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	a := cfg.init()
	return errors.Join(a.checkTenant(ctx), a.checkStore(ctx), a.checkUsers(ctx))
}

// checkTenant checks discovery, keys and credentials. The latter two need the first.
func (a *auth) checkTenant(ctx context.Context) error {
	meta, err := a.provider.discover(ctx)
	if err != nil {
		return fmt.Errorf("%w: discovery at Domain (AUTH0_DOMAIN) %q: %w",
			ErrUnavailable, a.issuer, err)
	}
	return errors.Join(a.checkKeys(ctx, meta), a.checkCredentials(ctx, meta))
}

func (a *auth) checkKeys(ctx context.Context, meta *metadata) error {
	body, err := a.provider.get(ctx, meta.JWKSURI)
	if err != nil {
		return fmt.Errorf("%w: signing keys: %w", ErrUnavailable, err)
	}
	keys := parseKeys(body)
	if len(keys) == 0 {
		return fmt.Errorf("chiauth0: signing keys: %s: %w", meta.JWKSURI, errNoUsableKey)
	}
	for i := range keys {
		if canVerify(&keys[i], a.SigningAlg) {
			return nil
		}
	}
	return fmt.Errorf("chiauth0: SigningAlg %q: none of the tenant's signing keys is for it: set "+
		"it to the algorithm in the application's advanced OAuth settings at Auth0", a.SigningAlg)
}

// checkCredentials exchanges a code that does not exist. The answer tells whether the tenant
// accepted the client (RFC 6749, section 5.2).
func (a *auth) checkCredentials(ctx context.Context, meta *metadata) error {
	config := oauth2.Config{
		ClientID:     a.ClientID,
		ClientSecret: a.ClientSecret,
		RedirectURL:  a.checkRedirectURI(),
		Endpoint:     oauth2.Endpoint{TokenURL: meta.TokenEndpoint, AuthStyle: a.AuthStyle},
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, a.provider.client)
	verifier := oauth2.VerifierOption(oauth2.GenerateVerifier())
	_, err := config.Exchange(ctx, "chiauth0-check", verifier)

	var refused *oauth2.RetrieveError
	switch {
	case err == nil:
		return errors.New("chiauth0: the token endpoint accepted a code that does not exist: " +
			"is Domain (AUTH0_DOMAIN) the right tenant?")
	case !errors.As(err, &refused):
		return fmt.Errorf("%w: token endpoint: %w", ErrUnavailable, err)
	case refused.ErrorCode == "invalid_grant":
		return nil
	}

	status := refused.Response.StatusCode
	if status >= 500 || status == http.StatusTooManyRequests || refused.ErrorCode == "" {
		return fmt.Errorf("%w: the token endpoint answered %d", ErrUnavailable, status)
	}
	answer := fmt.Sprintf("%d %q %q", status, cut(refused.ErrorCode),
		cut(refused.ErrorDescription))
	if status == http.StatusUnauthorized || refused.ErrorCode == "invalid_client" {
		return fmt.Errorf("chiauth0: the token endpoint refused the client with %s: correct "+
			"ClientID (AUTH0_CLIENT_ID) and ClientSecret (AUTH0_CLIENT_SECRET), and set AuthStyle "+
			"to the Authentication Method of the application at Auth0", answer)
	}
	return fmt.Errorf("chiauth0: the token endpoint refused the exchange with %s: enable the "+
		"grant type Authorization Code in the application's settings at Auth0", answer)
}

// checkRedirectURI is the redirect URI of the exchange. Auth0 compares it with the code's alone.
func (a *auth) checkRedirectURI() string {
	if a.base == nil {
		return "http://localhost" + a.callbackPath
	}
	return a.base.String() + a.callbackPath
}

// checkStore reads a session that does not exist, as a request would.
func (a *auth) checkStore(ctx context.Context) error {
	var err error
	read := a.load(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		a.sessions.Exists(r.Context(), "chiauth0.check")
		err = sessionstores.LoadError(r.Context(), a.sessions)
	}))

	req, reqErr := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if reqErr != nil {
		return reqErr
	}
	req.AddCookie(&http.Cookie{
		Name:  a.sessions.Cookie.Name,
		Value: strings.Repeat("A", 43), // as long as a token of scs
	})
	read.ServeHTTP(&discardResponse{header: http.Header{}}, req)
	if err != nil {
		return fmt.Errorf("%w: Sessions: %w", ErrUnavailable, err)
	}
	return nil
}

// checkUsers looks up a user that does not exist.
func (a *auth) checkUsers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.UserTimeout)
	defer cancel()
	_, err := a.Users.FindUser(ctx, "0")
	if err != nil && !errors.Is(err, userprovider.ErrNotFound) {
		return fmt.Errorf("%w: Users: %w", ErrUnavailable, err)
	}
	return nil
}

// discardResponse is an http.ResponseWriter for a request without a client.
type discardResponse struct{ header http.Header }

func (d *discardResponse) Header() http.Header         { return d.header }
func (d *discardResponse) Write(b []byte) (int, error) { return len(b), nil }
func (d *discardResponse) WriteHeader(int)             {}
