package chiauth0

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/seal"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/userprovider"
)

// auth is what the routers and guards of one Config share. Its fields do not change, except for
// those that are safe for concurrent use: the tenant's metadata and keys, the used callbacks, the
// warnings that were logged, and whether a guard needs auth_time.
type auth struct {
	*Config
	settings

	sessions     *scs.SessionManager
	load         func(http.Handler) http.Handler
	provider     *provider
	transactions *seal.Sealer
	tokens       *seal.Sealer
	binding      []byte // issuer, client ID and mount path, for all that is sealed
	used         usedStates
	refreshing   keyedLock
	rotated      rotatedTokens
	process      string // tells this process from others that share the secrets
	crossOrigin  *http.CrossOriginProtection

	asksAuthTime    atomic.Bool // a guard needs auth_time
	firstLogin      sync.Once
	warnings        warnings
	needPermissions atomic.Bool // a guard asks for a permission
}

// newAuth checks a Config, which it keeps, and fills in its defaults.
func newAuth(c *Config) (*auth, error) {
	s, err := c.validate()
	if err != nil {
		return nil, err
	}
	a := &auth{Config: c, settings: s}
	a.setDefaults()
	if err := a.deriveKeys(); err != nil {
		return nil, err
	}
	a.provider = newProvider(a.issuer, a.HTTPClient)
	a.provider.discovered = a.warnAboutClaims
	a.process = rand.Text()[:8]
	a.crossOrigin = http.NewCrossOriginProtection()
	// With Origins, the Host header is the origin, and each origin is another site for the others.
	if a.base != nil && len(a.origins) == 0 {
		if err := a.crossOrigin.AddTrustedOrigin(a.base.String()); err != nil {
			return nil, fmt.Errorf("chiauth0: BaseURL (APP_BASE_URL): %w", err)
		}
	}
	a.useSessions()
	a.announce()
	a.warnAboutOfflineAccess()
	return a, nil
}

func (a *auth) setDefaults() {
	if a.AuthStyle == oauth2.AuthStyleAutoDetect {
		a.AuthStyle = oauth2.AuthStyleInParams
	}
	if a.SigningAlg == "" {
		a.SigningAlg = "RS256"
	}
	if a.AccessTokenAlg == "" {
		a.AccessTokenAlg = defaultAccessTokenAlg
	}
	if len(a.Scopes) == 0 {
		a.Scopes = []string{"openid", "profile", "email"}
	}
	if a.Users == nil {
		a.Users = userprovider.NewMemory()
	}
	if a.Sessions == nil {
		a.Sessions = sessionstores.New(memstore.New())
	}
	if a.UserTimeout == 0 {
		a.UserTimeout = time.Second
	}
	if a.Logger == nil {
		a.Logger = slog.Default()
	}
	if a.ErrorHandler == nil {
		a.ErrorHandler = a.answerError
	}
}

// deriveKeys makes the keys for what leaves the process. Without Secrets they are derived from the
// client secret, which all nodes have: a login that begins on one node can end on another.
func (a *auth) deriveKeys() error {
	a.binding = seal.Associated(a.issuer, a.ClientID, a.mount)
	secrets := make([][]byte, 0, len(a.Secrets))
	for _, secret := range a.Secrets {
		secrets = append(secrets, []byte(secret))
	}
	if len(secrets) == 0 {
		derived, err := a.deriveSecret()
		if err != nil {
			return err
		}
		secrets = append(secrets, derived)
	}

	var err1, err2 error
	a.transactions, err1 = seal.New("transaction", secrets...)
	a.tokens, err2 = seal.New("tokens", secrets...)
	return errors.Join(err1, err2)
}

func (a *auth) deriveSecret() ([]byte, error) {
	if len(a.ClientSecret) < seal.MinSecret {
		a.Logger.Warn("chiauth0: Secrets (AUTH0_SECRET) is not set, and ClientSecret is too short "+
			"to derive strong keys from: set AUTH0_SECRET to the output of `openssl rand -hex 32`",
			"client_secret_bytes", len(a.ClientSecret), "want_bytes", seal.MinSecret)
	}
	salt := seal.Associated(a.issuer, a.ClientID)
	key, err := hkdf.Key(
		sha256.New, []byte(a.ClientSecret), salt, "chiauth0 client secret", seal.MinSecret,
	)
	if err != nil {
		return nil, fmt.Errorf("chiauth0: deriving keys: %w", err)
	}
	return key, nil
}

// announce logs once what has to be registered at Auth0, and what is likely to go wrong.
func (a *auth) announce() {
	base := "http://localhost:PORT"
	if a.base != nil {
		base = a.base.String()
	} else {
		a.Logger.Warn("chiauth0: BaseURL (APP_BASE_URL) is not set: development mode, only " +
			"loopback hosts are answered")
	}
	logout := a.postLogout
	if logout == "" {
		logout = base + a.mountHome()
	}
	callbacks := []string{base + a.callbackPath}
	for _, rule := range a.origins {
		callbacks = append(callbacks, rule.callbackURL(a.callbackPath))
	}
	a.Logger.Info("chiauth0: register these URLs in the application's settings at Auth0",
		"allowed_callback_url", strings.Join(callbacks, ", "),
		"allowed_logout_url", logout,
		"issuer", a.issuer)
	a.warnAboutClaims()
}

// announceRedirectURI logs the exact redirect URI of the first login in development, where the
// port is not known earlier.
func (a *auth) announceRedirectURI(ctx context.Context, redirectURI string) {
	if a.base != nil {
		return
	}
	a.firstLogin.Do(func() {
		a.Logger.InfoContext(ctx, "chiauth0: the first login: this URL has to be among the "+
			"Allowed Callback URLs in the application's settings at Auth0",
			"redirect_uri", redirectURI)
	})
}
