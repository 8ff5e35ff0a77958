package chiauth0

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestUnverifiedClaims(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct{ jwt, want string }{
		"a JWT": {"e30." + toBase64(`{"aud":"a"}`) + ".c2ln", `{"aud":"a"}`},
		"a large number": {
			"." + toBase64(`{"n":12345678901234567}`) + ".", `{"n":12345678901234567}`,
		},
		"an opaque token":       {"opaque", "null"},
		"two parts":             {"e30." + toBase64(`{}`), "null"},
		"five parts, encrypted": {"a.b.c.d.e", "null"},
		"no base64":             {"e30.{}.c2ln", "null"},
		"base64 with padding":   {"e30.e30=.c2ln", "null"},
		"no JSON":               {"e30." + toBase64("x") + ".c2ln", "null"},
		"a JSON array":          {"e30." + toBase64("[1]") + ".c2ln", "null"},
		"empty":                 {"", "null"},
	} {
		got, err := json.Marshal(unverifiedClaims(test.jwt))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, test.want)
		}
	}
}

func FuzzUnverifiedClaims(f *testing.F) {
	for _, seed := range []string{"", "..", "e30.e30.c2ln", "a.b.c.d.e", exampleJWT} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, jwt string) {
		if claims := unverifiedClaims(jwt); claims != nil {
			if _, err := json.Marshal(claims); err != nil {
				t.Errorf("%q: got claims that are no JSON: %v", jwt, err)
			}
		}
	})
}

func TestAudienceOfATokenAnswer(t *testing.T) {
	t.Parallel()

	const want = "https://api/"
	jwt := func(claims string) string { return "e30." + toBase64(claims) + ".c2ln" }
	for name, test := range map[string]struct {
		answer tokenAnswer
		wrong  bool
	}{
		"aud":               {tokenAnswer{AccessToken: jwt(`{"aud":"https://api/"}`)}, false},
		"several aud":       {tokenAnswer{AccessToken: jwt(`{"aud":["","https://api/"]}`)}, false},
		"an opaque token":   {tokenAnswer{AccessToken: "opaque"}, false},
		"a JWT without aud": {tokenAnswer{AccessToken: jwt(`{}`)}, false},
		"resource":          {tokenAnswer{AccessToken: "opaque", Resource: want}, false},
		"another aud":       {tokenAnswer{AccessToken: jwt(`{"aud":"https://api"}`)}, true},
		"several others":    {tokenAnswer{AccessToken: jwt(`{"aud":["x","y"]}`)}, true},
		"another resource":  {tokenAnswer{AccessToken: "opaque", Resource: "x"}, true},
		"another resource and aud": {
			tokenAnswer{AccessToken: jwt(`{"aud":"https://api/"}`), Resource: "x"}, true,
		},
	} {
		_, err := test.answer.accessToken(&tokenRequest{audience: want})
		if errors.Is(err, ErrWrongAudience) != test.wrong {
			t.Errorf("%s: got %v, want ErrWrongAudience: %t", name, err, test.wrong)
		}
	}

	if _, wrong := (&tokenAnswer{AccessToken: jwt(`{"aud":"x"}`)}).otherAudience(""); wrong {
		t.Error("no audience asked for: got a wrong one, want any accepted")
	}
}

func TestExpiryOfATokenAnswer(t *testing.T) {
	t.Parallel()

	for raw, want := range map[string]time.Duration{
		``: 0, `null`: 0, `0`: 0, `-1`: 0, `0.5`: 0, `1e300`: 0,
		`""`: 0, `"soon"`: 0, `true`: 0, `{}`: 0,
		`3600`: time.Hour, `"3600"`: time.Hour, `3600.7`: time.Hour, `" 3600 "`: time.Hour,
	} {
		answer := tokenAnswer{AccessToken: "opaque", ExpiresIn: json.RawMessage(raw)}
		token, err := answer.accessToken(&tokenRequest{})
		if err != nil {
			t.Fatal(err)
		}
		got := time.Duration(0)
		if !token.expiry.IsZero() {
			got = token.expiry.Sub(token.issued)
		}
		if got != want {
			t.Errorf("expires_in %s: got %v, want %v", raw, got, want)
		}
	}
}

func TestScopeOfATokenAnswerIsWhatWasAskedForUnlessItSaysSo(t *testing.T) {
	t.Parallel()

	request := tokenRequest{scopes: []string{"read", "write"}}
	for scope, want := range map[string]string{"": "read write", "read": "read"} {
		token, err := (&tokenAnswer{AccessToken: "opaque", Scope: scope}).accessToken(&request)
		if err != nil || token.scope != want {
			t.Errorf("scope %q: got %q, %v, want %q", scope, token.scope, err, want)
		}
	}
}

func TestErrorsOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		status      int
		body        string
		unavailable bool
	}{
		"refused":                    {403, `{"error":"invalid_grant"}`, false},
		"refused with 200's sibling": {201, `{"error":"invalid_grant"}`, false},
		"overloaded":                 {429, `{"error":"invalid_grant"}`, true},
		"an internal error":          {500, `{"error":"invalid_grant"}`, true},
		"no code":                    {403, `{}`, true},
		"a page":                     {403, `<html>`, true},
		"a code that is no string":   {403, `{"error":1}`, true},
	} {
		err := tokenEndpointError(test.status, []byte(test.body))
		var refused *ProviderError
		got := fmt.Sprint(errors.Is(err, ErrUnavailable), errors.As(err, &refused))
		if want := fmt.Sprint(test.unavailable, !test.unavailable); got != want {
			t.Errorf("%s: got unavailable and refused %s, want %s", name, got, want)
		}
	}
}
