package chiauth0

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/seal"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/userprovider"
)

// auth is what the routers and guards of one Config share. Nothing in it changes but what is learned at run time, each
// thing behind its own lock: the provider's metadata and keys, and the callbacks that were used.
type auth struct {
	*Config
	settings

	sessions     *scs.SessionManager // a copy that writes our cookies; it shares its data with Config.Sessions
	load         func(http.Handler) http.Handler
	provider     *provider
	transactions *seal.Sealer
	tokens       *seal.Sealer
	binding      []byte // issuer, client id and mount path, for all that is sealed
	used         usedStates
	process      string // tells this process from others that share the secrets
	crossOrigin  *http.CrossOriginProtection
}

func newAuth(c *Config) (*auth, error) {
	s, err := c.settle()
	if err != nil {
		return nil, err
	}
	a := &auth{Config: c, settings: s}
	a.setDefaults()
	if checker, ok := a.Users.(userprovider.FieldChecker); ok {
		if err := checker.CheckFields(a.Mapping.FieldNames()); err != nil {
			return nil, fmt.Errorf("chiauth0: Mapping (AUTH0_USER_FIELD_MAPPING): %w", err)
		}
	}
	if err := a.deriveKeys(); err != nil {
		return nil, err
	}
	a.provider = newProvider(a.issuer, a.SigningAlg, a.HTTPClient)
	a.process = rand.Text()[:8]
	a.crossOrigin = http.NewCrossOriginProtection()
	if a.base != nil {
		if err := a.crossOrigin.AddTrustedOrigin(a.base.String()); err != nil {
			return nil, fmt.Errorf("chiauth0: BaseURL (APP_BASE_URL): %w", err)
		}
	}
	a.sessions = a.cookieSettings(c.Sessions)
	a.load = sessionstores.Middleware(a.sessions, a.withVisitor)
	a.announce()
	return a, nil
}

func (a *auth) setDefaults() {
	if a.AuthStyle == oauth2.AuthStyleAutoDetect {
		a.AuthStyle = oauth2.AuthStyleInParams
	}
	if a.SigningAlg == "" {
		a.SigningAlg = "RS256"
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

// deriveKeys makes the keys for what leaves the process. Without Secrets they come from the client secret, which every
// node has, and never from chance: a login that begins on one node has to end on another.
func (a *auth) deriveKeys() error {
	a.binding = seal.Associated(a.issuer, a.ClientID, a.mount)
	secrets := make([][]byte, 0, len(a.Secrets))
	for _, secret := range a.Secrets {
		secrets = append(secrets, []byte(secret))
	}
	if len(secrets) == 0 {
		if len(a.ClientSecret) < seal.MinSecret {
			a.Logger.Warn("chiauth0: Secrets (AUTH0_SECRET) is not set, and ClientSecret is too short to derive strong keys from",
				"client_secret_bytes", len(a.ClientSecret), "want_bytes", seal.MinSecret)
		}
		key, err := hkdf.Key(sha256.New, []byte(a.ClientSecret), a.binding, "chiauth0 client secret", seal.MinSecret)
		if err != nil {
			return fmt.Errorf("chiauth0: deriving keys: %w", err)
		}
		secrets = append(secrets, key)
	}
	var err1, err2 error
	a.transactions, err1 = seal.New("transaction", secrets...)
	a.tokens, err2 = seal.New("tokens", secrets...)
	return errors.Join(err1, err2)
}

func (a *auth) secure() bool { return a.base != nil && a.base.Scheme == "https" }

// announce says once what has to be registered at Auth0, letter by letter, and what is likely to go wrong.
func (a *auth) announce() {
	base := "http://localhost:PORT"
	if a.base != nil {
		base = a.base.String()
	} else {
		a.Logger.Warn("chiauth0: BaseURL (APP_BASE_URL) is not set: development mode, only loopback hosts are answered")
	}
	logout := a.postLogout
	if logout == "" {
		logout = base + a.mountHome()
	}
	a.Logger.Info("chiauth0: register these URLs in the application's settings at Auth0",
		"allowed_callback_url", base+a.callbackPath, "allowed_logout_url", logout, "issuer", a.issuer)
	for _, warning := range a.Mapping.Warnings() {
		a.Logger.Warn("chiauth0: " + warning)
	}
}

// origin is the origin under which the browser sees this request: BaseURL, or in development the loopback host it named.
func (a *auth) origin(r *http.Request) *url.URL {
	if a.base != nil {
		return a.base
	}
	return &url.URL{Scheme: "http", Host: normalHost("http", r.Host)}
}

// reachable refuses a request that a forgotten BaseURL would make insecure: cookies without Secure, and a redirect URI
// taken from a header that anybody can write.
func (a *auth) reachable(r *http.Request) error {
	if a.base != nil || r.TLS == nil && isLoopback(hostname(r.Host)) {
		return nil
	}
	if v, ok := r.Context().Value(visitorKey{}).(*visitor); ok && v.given {
		return nil // a unit test: httptest's requests are for example.com
	}
	e := newError(CodeBaseURLMissing, fmt.Errorf("chiauth0: BaseURL (APP_BASE_URL) is not set, and %q "+
		"is not a loopback host over http: set it to the origin that browsers use", cut(r.Host)))
	e.Message = "This application is not set up for this address: BaseURL (APP_BASE_URL) is not set."
	return e
}
