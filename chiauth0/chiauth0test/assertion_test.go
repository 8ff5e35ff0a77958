package chiauth0test_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// newKeyApp returns an application that authenticates by private_key_jwt.
func newKeyApp(t *testing.T) *app {
	t.Helper()
	a := newPushingApp(t)
	a.updateClient(func(c *chiauth0test.Client) {
		c.AuthMethods = nil
		c.PublicKeys = []*rsa.PublicKey{&testKeys()[0].PublicKey}
	})
	return a
}

// assertion returns a client assertion. changes replace claims; nil removes one.
func (a *app) assertion(
	key any, alg jose.SignatureAlgorithm, changes map[string]any,
) string {
	claims := map[string]any{
		"iss": a.client.ID,
		"sub": a.client.ID,
		"aud": a.tenant.Issuer(),
		"jti": rand.Text(),
		"iat": a.clock.Unix(),
		"exp": a.clock.Add(time.Minute).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	payload, err := json.Marshal(claims)
	if err != nil {
		a.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		a.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

// asserted returns the parameters of a request that is authenticated by an assertion.
func asserted(assertion string) edits {
	return edits{
		"client_secret":         "",
		"client_assertion_type": assertionType,
		"client_assertion":      assertion,
	}
}

func TestPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	t.Run("each algorithm of Auth0 is accepted", func(t *testing.T) {
		t.Parallel()
		a := newKeyApp(t)
		for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.PS256} {
			e := asserted(a.assertion(testKeys()[0], alg, nil))
			status, _ := a.redeem(a.code(nil), e)
			wantStatus(t, string(alg), status, http.StatusOK)
		}
		requests := a.tenant.Requests("/oauth/token")
		if got := requests[0].ClientAuth; got != chiauth0test.PrivateKeyJWT {
			t.Errorf("ClientAuth is %q, want %q", got, chiauth0test.PrivateKeyJWT)
		}
		if got := requests[0].Form.Get("client_assertion"); got != "…" {
			t.Errorf("the request log has the assertion %q", got)
		}
	})
	t.Run("client_id may be left out", func(t *testing.T) {
		t.Parallel()
		a := newKeyApp(t)
		e := asserted(a.assertion(testKeys()[0], jose.RS256, nil))
		e["client_id"] = ""
		status, _ := a.redeem(a.code(nil), e)
		wantStatus(t, "token endpoint", status, http.StatusOK)
	})
	t.Run("iat is optional", func(t *testing.T) {
		t.Parallel()
		a := newKeyApp(t)
		assertion := a.assertion(testKeys()[0], jose.RS256, map[string]any{"iat": nil})
		status, _ := a.redeem(a.code(nil), asserted(assertion))
		wantStatus(t, "token endpoint", status, http.StatusOK)
	})
	t.Run("both keys of a rotation are accepted", func(t *testing.T) {
		t.Parallel()
		a := newKeyApp(t)
		a.updateClient(func(c *chiauth0test.Client) {
			c.PublicKeys = append(c.PublicKeys, &testKeys()[1].PublicKey)
		})
		for _, key := range testKeys() {
			status, _ := a.redeem(a.code(nil), asserted(a.assertion(key, jose.RS256, nil)))
			wantStatus(t, "token endpoint", status, http.StatusOK)
		}
	})
	t.Run("push, refresh and revocation", func(t *testing.T) {
		t.Parallel()
		a := newKeyApp(t)
		next := func() edits { return asserted(a.assertion(testKeys()[0], jose.RS256, nil)) }
		status, _ := a.push(next())
		wantStatus(t, "push", status, http.StatusCreated)
		_, tokens := a.redeem(a.code(edits{"scope": "openid offline_access"}), next())
		status, tokens = a.refresh(tokens["refresh_token"], next())
		wantStatus(t, "refresh", status, http.StatusOK)
		status, _ = a.revoke(tokens["refresh_token"], next())
		wantStatus(t, "revocation", status, http.StatusOK)
		status, _ = a.refresh(tokens["refresh_token"], next())
		wantStatus(t, "refresh after the revocation", status, http.StatusForbidden)
	})
	t.Run("an assertion works once, at any endpoint", func(t *testing.T) {
		t.Parallel()
		a := newKeyApp(t)
		e := asserted(a.assertion(testKeys()[0], jose.RS256, nil))
		status, _ := a.push(e)
		wantStatus(t, "first use", status, http.StatusCreated)
		status, body := a.redeem(a.code(nil), e)
		wantError(t, status, body, http.StatusUnauthorized, "invalid_client")
	})
}

func TestPrivateKeyJWTClaimsRefused(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) func(*app) any {
		return func(a *app) any { return a.clock.Add(d).Unix() }
	}
	value := func(v any) func(*app) any { return func(*app) any { return v } }
	for name, test := range map[string]struct {
		claim string
		value func(*app) any
	}{
		"no iss":      {"iss", value(nil)},
		"another iss": {"iss", value("other")},
		"no sub":      {"sub", value(nil)},
		"another sub": {"sub", value("other")},
		"no aud":      {"aud", value(nil)},
		"aud as list": {"aud", func(a *app) any { return []string{a.tenant.Issuer()} }},
		"aud without final slash": {"aud", func(a *app) any {
			return strings.TrimSuffix(a.tenant.Issuer(), "/")
		}},
		"aud is the token endpoint": {"aud", func(a *app) any {
			return a.tenant.Issuer() + "oauth/token"
		}},
		"no jti":             {"jti", value(nil)},
		"empty jti":          {"jti", value("")},
		"jti of 65":          {"jti", value(strings.Repeat("a", 65))},
		"no exp":             {"exp", value(nil)},
		"exp now":            {"exp", at(0)},
		"exp past":           {"exp", at(-time.Second)},
		"exp 61 s ahead":     {"exp", at(61 * time.Second)},
		"exp as string":      {"exp", value("soon")},
		"iat 11 s ahead":     {"iat", at(11 * time.Second)},
		"nbf 11 s ahead":     {"nbf", at(11 * time.Second)},
		"over 2048 bytes":    {"padding", value(strings.Repeat("a", 2048))},
		"claims of any type": {"iss", value(1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newKeyApp(t)
			changes := map[string]any{test.claim: test.value(a)}
			assertion := a.assertion(testKeys()[0], jose.RS256, changes)
			status, body := a.redeem(a.code(nil), asserted(assertion))
			wantError(t, status, body, http.StatusUnauthorized, "invalid_client")
		})
	}
}

func TestPrivateKeyJWTSignatureRefused(t *testing.T) {
	t.Parallel()
	elliptic256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		key any
		alg jose.SignatureAlgorithm
	}{
		"another key":             {testKeys()[1], jose.RS256},
		"RS512":                   {testKeys()[0], jose.RS512},
		"ES256":                   {elliptic256, jose.ES256},
		"HS256 with public bytes": {testKeys()[0].N.Bytes(), jose.HS256},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newKeyApp(t)
			e := asserted(a.assertion(test.key, test.alg, nil))
			status, body := a.redeem(a.code(nil), e)
			wantError(t, status, body, http.StatusUnauthorized, "invalid_client")
		})
	}
}

func TestPrivateKeyJWTRequestRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edits  edits
		status int
		code   string
	}{
		"another type":      {edits{"client_assertion_type": "x"}, 401, "invalid_client"},
		"no type":           {edits{"client_assertion_type": ""}, 401, "invalid_client"},
		"no assertion":      {edits{"client_assertion": ""}, 401, "invalid_client"},
		"not a JWT":         {edits{"client_assertion": "x"}, 401, "invalid_client"},
		"another client_id": {edits{"client_id": "other"}, 401, "invalid_client"},
		"a secret as well":  {edits{"client_secret": "x"}, 400, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newKeyApp(t)
			a.addOther()
			e := asserted(a.assertion(testKeys()[0], jose.RS256, nil))
			maps.Copy(e, test.edits)
			status, body := a.redeem(a.code(nil), e)
			wantError(t, status, body, test.status, test.code)
		})
	}
	t.Run("a secret of a client with keys", func(t *testing.T) {
		t.Parallel()
		a := newKeyApp(t)
		status, body := a.redeem(a.code(nil), nil)
		wantError(t, status, body, http.StatusUnauthorized, "access_denied")
	})
	t.Run("an assertion of a client that is not registered for it", func(t *testing.T) {
		t.Parallel()
		a := newKeyApp(t)
		a.updateClient(func(c *chiauth0test.Client) {
			c.AuthMethods = []string{chiauth0test.SecretPost}
		})
		e := asserted(a.assertion(testKeys()[0], jose.RS256, nil))
		status, body := a.redeem(a.code(nil), e)
		wantError(t, status, body, http.StatusUnauthorized, "invalid_client")
	})
}

func FuzzClientAssertion(f *testing.F) {
	tenant := chiauth0test.New("http://tenant.test")
	tenant.PushedRequests = true
	client := tenant.AddClient(chiauth0test.Client{
		ID:           "app",
		CallbackURLs: []string{callbackURL},
		PublicKeys:   []*rsa.PublicKey{&testKeys()[0].PublicKey},
	})
	a := &app{tenant: tenant, client: client, clock: time.Now()}
	spent := a.assertion(testKeys()[0], jose.RS256, nil)
	form := asserted(spent).apply(a.authorizeForm(nil)).Encode()
	if got := serve(tenant, http.MethodPost, "/oauth/par", "", form, "").Code; got != 201 {
		f.Fatalf("valid assertion: status %d, want 201", got)
	}
	for _, assertion := range []string{
		spent, "", "e30.e30.e30", "eyJhbGciOiJub25lIn0.e30.", strings.Repeat("a", 2049),
		a.assertion(testKeys()[1], jose.RS256, nil),
	} {
		f.Add(assertionType, assertion)
	}
	f.Fuzz(func(t *testing.T, kind, assertion string) {
		form := url.Values{
			"client_id":             {"app"},
			"client_assertion_type": {kind},
			"client_assertion":      {assertion},
		}.Encode()
		answer := serve(tenant, http.MethodPost, "/oauth/par", "", form, "")
		if answer.Code != http.StatusUnauthorized && answer.Code != http.StatusBadRequest {
			t.Errorf("assertion %q: status %d, want 401 or 400", assertion, answer.Code)
		}
	})
}
