package chiauth0_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

func newRSAKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()

	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}

	return key
}

func newKeyApp(t *testing.T, key *rsa.PrivateKey, changes ...func(*chiauth0.Config)) *app {
	t.Helper()

	tenant := chiauth0test.Start(t)
	tenant.AddAPI(reportsAPI, "offline_access")
	all := append([]func(*chiauth0.Config){func(c *chiauth0.Config) {
		c.ClientSecret = ""
		c.ClientKey = key
		c.Secrets = []string{"a secret of more than thirty-two bytes"}
		c.Audience = reportsAPI
		c.Scopes = []string{"openid", "email", "offline_access"}
	}}, changes...)
	a := newAppAt(t, tenant, all...)
	tenant.AddClient(chiauth0test.Client{
		ID:           a.cfg.ClientID,
		CallbackURLs: a.client.CallbackURLs,
		LogoutURLs:   a.client.LogoutURLs,
		PublicKeys:   []*rsa.PublicKey{&key.PublicKey},
	})
	tokenRoutes(a.router, a.cfg)

	return a
}

func TestPrivateKeyAuthenticatesTheClient(t *testing.T) {
	t.Parallel()

	key := newRSAKey(t, 2048)
	for _, alg := range []string{"", "RS256", "RS384", "PS256"} {
		t.Run("with "+alg, func(t *testing.T) {
			t.Parallel()

			a := newKeyApp(t, key, func(c *chiauth0.Config) { c.ClientKeyAlg = alg })
			b := a.browser()
			b.signIn(ada)
			b.signIn(ada) // with another assertion: each is used once

			for _, request := range a.tenant.Requests("/oauth/token") {
				if request.ClientAuth != chiauth0test.PrivateKeyJWT {
					t.Errorf("got client authentication %q, want %q",
						request.ClientAuth, chiauth0test.PrivateKeyJWT)
				}
			}
		})
	}
}

func TestKeyThatAuth0DoesNotAcceptIsAFault(t *testing.T) {
	t.Parallel()

	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := newRSAKey(t, 2048)

	for want, change := range map[string]func(*chiauth0.Config){
		"RSA keys only":          func(c *chiauth0.Config) { c.ClientKey = ecKey },
		"RS256, RS384 or PS256":  func(c *chiauth0.Config) { c.ClientKeyAlg = "ES256" },
		"AUTH0_SECRET":           func(c *chiauth0.Config) { c.Secrets = nil },
		"AUTH0_CLIENT_SECRET":    func(c *chiauth0.Config) { c.ClientKey = nil },
		"at least 2048 are need": func(c *chiauth0.Config) { c.ClientKey = newRSAKey(t, 1024) },
	} {
		c := &chiauth0.Config{
			Domain:    "tenant.eu.auth0.com",
			ClientID:  "client",
			ClientKey: good,
			Secrets:   []string{"a secret of more than thirty-two bytes"},
		}
		if err := c.Validate(); err != nil {
			t.Fatalf("a good Config: got %v", err)
		}
		change(c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a fault with %q", err, want)
		}
	}
}

func TestPrivateKeyIsReadFromTheEnvironment(t *testing.T) {
	key := newRSAKey(t, 2048)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)

	t.Setenv("AUTH0_DOMAIN", "tenant.eu.auth0.com")
	t.Setenv("AUTH0_CLIENT_ID", "client")
	t.Setenv("AUTH0_CLIENT_SECRET", "")
	t.Setenv("AUTH0_SECRET", "a secret of more than thirty-two bytes")
	for name, block := range map[string]*pem.Block{
		"PKCS #8": {Type: "PRIVATE KEY", Bytes: pkcs8},
		"PKCS #1": {Type: "RSA PRIVATE KEY", Bytes: pkcs1},
	} {
		t.Setenv("AUTH0_CLIENT_ASSERTION_SIGNING_KEY", string(pem.EncodeToMemory(block)))
		cfg, err := chiauth0.ConfigFromEnv()
		if err != nil {
			t.Errorf("%s: got %v, want no error", name, err)
			continue
		}
		if !key.PublicKey.Equal(cfg.ClientKey.Public()) {
			t.Errorf("%s: got another key", name)
		}
	}

	t.Setenv("AUTH0_CLIENT_ASSERTION_SIGNING_KEY", "not a key")
	_, err = chiauth0.ConfigFromEnv()
	if err == nil || !strings.Contains(err.Error(), "AUTH0_CLIENT_ASSERTION_SIGNING_KEY") {
		t.Errorf("got %v, want the name of the variable", err)
	}
}
