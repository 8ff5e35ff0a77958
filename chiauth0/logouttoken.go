package chiauth0

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// errLogoutToken is for a request that is not valid, however often it is sent.
var errLogoutToken = errors.New("chiauth0: invalid logout token")

func badLogoutToken(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errLogoutToken, fmt.Errorf(format, args...))
}

// A logoutToken is a verified logout token.
type logoutToken struct {
	id      string
	subject string
	sid     string
	issued  time.Time
	traceID string // Auth0's name of the event in its log
}

func (a *auth) readLogoutToken(
	ctx context.Context, w http.ResponseWriter, r *http.Request,
) (*logoutToken, error) {
	raw, err := logoutTokenOf(w, r)
	if err != nil {
		return nil, err
	}
	meta, err := a.provider.metadata(ctx)
	if err != nil {
		return nil, err
	}

	return a.verifyLogoutToken(ctx, meta, raw)
}

// logoutTokenOf returns the one parameter of the request's form (section 2.5).
func logoutTokenOf(w http.ResponseWriter, r *http.Request) (string, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return "", badLogoutToken("the request is not a form")
	}

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBackchannelBody))
	if err != nil {
		return "", badLogoutToken("the request cannot be read: %w", err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", badLogoutToken("the form is malformed")
	}

	tokens := form["logout_token"]
	switch {
	case len(tokens) != 1 || tokens[0] == "":
		return "", badLogoutToken("the form has %d logout_token, want one", len(tokens))
	case len(tokens[0]) > maxLogoutToken:
		return "", badLogoutToken("it has %d bytes, at most %d are accepted",
			len(tokens[0]), maxLogoutToken)
	}

	return tokens[0], nil
}

// verifyLogoutToken makes the checks of section 2.6. go-oidc checks the signature, iss, aud, exp,
// jti, events, that there is no nonce, and that there is sub or sid.
func (a *auth) verifyLogoutToken(
	ctx context.Context, meta *metadata, raw string,
) (*logoutToken, error) {
	if err := checkLogoutTokenType(raw); err != nil {
		return nil, err
	}

	keys := &signatureVerifier{keys: a.provider.keys, alg: a.SigningAlg}
	verifier := oidc.NewVerifier(meta.Issuer, keys, &oidc.Config{
		ClientID:             a.ClientID,
		SupportedSigningAlgs: []string{a.SigningAlg},
		Now:                  func() time.Time { return time.Now().Add(-leeway) },
	})
	token, err := verifier.VerifyLogout(ctx, raw)
	switch {
	case errors.Is(keys.err, ErrUnavailable):
		return nil, keys.err
	case err != nil:
		return nil, badLogoutToken("%w", err)
	}

	var claims struct {
		Events  map[string]json.RawMessage `json:"events"`
		Nonce   json.RawMessage            `json:"nonce"`
		TraceID string                     `json:"trace_id"`
	}
	if err := token.Claims(&claims); err != nil {
		return nil, badLogoutToken("%w", err)
	}

	var event map[string]any
	const eventName = "http://schemas.openid.net/event/backchannel-logout"
	now := time.Now()
	switch {
	case json.Unmarshal(claims.Events[eventName], &event) != nil || event == nil:
		return nil, badLogoutToken("the event %s is not an object", eventName)
	case claims.Nonce != nil:
		return nil, badLogoutToken("it has a nonce, as an ID token has")
	case token.IssuedAt.IsZero():
		return nil, badLogoutToken("iat is missing")
	case token.IssuedAt.After(now.Add(leeway)):
		return nil, badLogoutToken("iat %v is in the future", token.IssuedAt)
	case token.IssuedAt.Before(now.Add(-maxLogoutTokenAge)):
		return nil, badLogoutToken("iat %v is more than %v ago", token.IssuedAt, maxLogoutTokenAge)
	}

	return &logoutToken{
		id:      token.TokenID,
		subject: token.Subject,
		sid:     token.SessionID,
		issued:  token.IssuedAt,
		traceID: claims.TraceID,
	}, nil
}

// checkLogoutTokenType refuses other kinds of tokens, which say what they are (RFC 8725, section
// 3.11). Auth0 sends JWT.
func checkLogoutTokenType(raw string) error {
	algs := make([]jose.SignatureAlgorithm, len(signingAlgs))
	for i, alg := range signingAlgs {
		algs[i] = jose.SignatureAlgorithm(alg)
	}
	jws, err := jose.ParseSignedCompact(raw, algs)
	if err != nil {
		return badLogoutToken("%w", err)
	}

	typ, ok := jws.Signatures[0].Header.ExtraHeaders[jose.HeaderType].(string)
	if !ok || strings.EqualFold(typ, "JWT") || strings.EqualFold(typ, "logout+jwt") {
		return nil
	}

	return badLogoutToken("it is a %.40q", typ)
}
