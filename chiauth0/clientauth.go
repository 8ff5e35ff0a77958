package chiauth0

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// assertionType is the client_assertion_type of RFC 7523, section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionLifetime is how long a client assertion is valid.
const assertionLifetime = time.Minute

// assertionAlgs are the algorithms that Auth0 accepts for client assertions.
var assertionAlgs = map[string]crypto.Hash{
	"RS256": crypto.SHA256,
	"RS384": crypto.SHA384,
	"PS256": crypto.SHA256,
}

// authenticateClient adds what authenticates the client at an endpoint of Auth0 to a form.
func (a *auth) authenticateClient(form url.Values) error {
	if a.ClientKey != nil {
		assertion, err := a.clientAssertion(time.Now())
		if err != nil {
			return err
		}
		form.Set("client_id", a.ClientID)
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
		return nil
	}

	if a.AuthStyle != oauth2.AuthStyleInHeader {
		form.Set("client_id", a.ClientID)
		form.Set("client_secret", a.ClientSecret)
	}

	return nil
}

// setClientHeader adds the Authorization header of client_secret_basic (RFC 6749, section 2.3.1).
func (a *auth) setClientHeader(r *http.Request) {
	if a.ClientKey == nil && a.AuthStyle == oauth2.AuthStyleInHeader {
		r.SetBasicAuth(url.QueryEscape(a.ClientID), url.QueryEscape(a.ClientSecret))
	}
}

// clientAssertion signs a JWT that authenticates the client once (RFC 7523, section 3). The
// audience is the issuer, which is what Auth0 documents.
func (a *auth) clientAssertion(now time.Time) (string, error) {
	alg := a.clientKeyAlg()
	header := map[string]string{"alg": alg, "typ": "JWT"}
	claims := map[string]any{
		"iss": a.ClientID,
		"sub": a.ClientID,
		"aud": a.issuer,
		"jti": rand.Text(),
		"iat": now.Unix(),
		"exp": now.Add(assertionLifetime).Unix(),
	}

	signed, err := joinJWT(header, claims)
	if err != nil {
		return "", err
	}
	signature, err := signRSA(a.ClientKey, alg, signed)
	if err != nil {
		return "", fmt.Errorf("chiauth0: signing the client assertion with ClientKey "+
			"(AUTH0_CLIENT_ASSERTION_SIGNING_KEY): %w", err)
	}

	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// joinJWT encodes the signed part of a JWT (RFC 7515, section 5.1).
func joinJWT(header, claims any) (string, error) {
	var parts []string
	for _, part := range []any{header, claims} {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(part); err != nil {
			return "", err
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(bytes.TrimSpace(b.Bytes())))
	}

	return strings.Join(parts, "."), nil
}

// signRSA signs with an algorithm of RFC 7518, section 3.3 or 3.5.
func signRSA(key crypto.Signer, alg, signed string) ([]byte, error) {
	hash := assertionAlgs[alg]
	h := hash.New()
	h.Write([]byte(signed))

	var options crypto.SignerOpts = hash
	if strings.HasPrefix(alg, "PS") {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}

	return key.Sign(rand.Reader, h.Sum(nil), options)
}

func (a *auth) clientKeyAlg() string {
	if a.ClientKeyAlg == "" {
		return "RS256"
	}

	return a.ClientKeyAlg
}

// checkClientKey finds faults of the settings that authenticate the client.
func (c *Config) checkClientKey(found *faults) {
	if c.ClientKey == nil {
		if c.ClientSecret == "" {
			found.addf("ClientSecret (AUTH0_CLIENT_SECRET) is missing: copy it from the " +
				"application's settings at Auth0, or set ClientKey " +
				"(AUTH0_CLIENT_ASSERTION_SIGNING_KEY)")
		}
		return
	}

	public, ok := c.ClientKey.Public().(*rsa.PublicKey)
	switch {
	case !ok:
		found.addf("ClientKey (AUTH0_CLIENT_ASSERTION_SIGNING_KEY) is a %T: Auth0 accepts RSA "+
			"keys only", c.ClientKey.Public())
	case public.N.BitLen() < 2048:
		found.addf("ClientKey (AUTH0_CLIENT_ASSERTION_SIGNING_KEY) has %d bits: "+
			"at least 2048 are needed", public.N.BitLen())
	}
	if _, ok := assertionAlgs[c.ClientKeyAlg]; c.ClientKeyAlg != "" && !ok {
		found.addf("ClientKeyAlg (AUTH0_CLIENT_ASSERTION_SIGNING_ALG) %q is not "+
			"RS256, RS384 or PS256", c.ClientKeyAlg)
	}
	if len(c.Secrets) == 0 {
		found.addf("Secrets (AUTH0_SECRET) is missing: without a client secret, there is nothing " +
			"else to derive keys from; make one with `openssl rand -hex 32`")
	}
}

// parseClientKey reads a private key in PEM form. During a rotation there may be several: the first
// one signs.
func parseClientKey(text string) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("it is not a private key in PEM form")
	}

	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the PEM block %q is not a private key", block.Type)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T cannot sign", key)
	}

	return signer, nil
}
