package chiauth0

import (
	"testing"
	"time"
)

func TestAccessTokenIsReplacedBeforeItExpires(t *testing.T) {
	t.Parallel()

	issued := time.Unix(1_800_000_000, 0)
	for life, want := range map[time.Duration]time.Duration{
		24 * time.Hour:   24*time.Hour - time.Minute,
		2 * time.Minute:  time.Minute,
		time.Minute:      30 * time.Second,
		30 * time.Second: 15 * time.Second,
		2 * time.Second:  time.Second,
	} {
		token := accessToken{issued: issued, expiry: issued.Add(life)}
		if !token.fresh(issued.Add(want - time.Second)) {
			t.Errorf("life of %v: it is replaced a second before %v, want it kept", life, want)
		}
		if token.fresh(issued.Add(want)) {
			t.Errorf("life of %v: it is kept after %v, want it replaced", life, want)
		}
		if token.expired(issued.Add(life-1)) || !token.expired(issued.Add(life)) {
			t.Errorf("life of %v: it does not expire then", life)
		}
	}

	unknown := accessToken{issued: issued}
	if later := issued.Add(24 * time.Hour); !unknown.fresh(later) || unknown.expired(later) {
		t.Error("a token without an expiry is replaced, want it kept")
	}
}

func TestTokenWithTheFewestScopesIsChosen(t *testing.T) {
	t.Parallel()

	tokens := tokenSet{access: []accessToken{
		{token: "large", audience: "a", scope: "openid read write delete"},
		{token: "small", audience: "a", scope: "read write"},
		{token: "medium", audience: "a", scope: "read write admin"},
		{token: "elsewhere", audience: "b", scope: "read"},
		{token: "no audience", scope: "read"},
	}}
	all := func(*accessToken) bool { return true }
	for name, test := range map[string]struct {
		request tokenRequest
		want    string
	}{
		"no scopes":       {tokenRequest{audience: "a"}, "small"},
		"one scope":       {tokenRequest{audience: "a", scopes: []string{"read"}}, "small"},
		"another order":   {tokenRequest{audience: "a", scopes: []string{"write"}}, "small"},
		"another scope":   {tokenRequest{audience: "a", scopes: []string{"admin"}}, "medium"},
		"the largest":     {tokenRequest{audience: "a", scopes: []string{"delete"}}, "large"},
		"part of a scope": {tokenRequest{audience: "a", scopes: []string{"rea"}}, ""},
		"scopes of two": {
			tokenRequest{audience: "a", scopes: []string{"admin", "delete"}}, "",
		},
		"another audience": {tokenRequest{audience: "b"}, "elsewhere"},
		"no audience":      {tokenRequest{}, "no audience"},
		"a rejected token": {tokenRequest{audience: "a", rejected: "small"}, "medium"},
		"unknown audience": {tokenRequest{audience: "c"}, ""},
	} {
		got := ""
		if token := tokens.find(&test.request, all); token != nil {
			got = token.token
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}

	large := func(t *accessToken) bool { return t.token == "large" }
	if got := tokens.find(&tokenRequest{audience: "a"}, large); got == nil || got.token != "large" {
		t.Errorf("only the large one passes: got %+v, want it", got)
	}
}

func TestStoredAccessTokensAreFewAndUsable(t *testing.T) {
	t.Parallel()

	now := time.Unix(1_800_000_000, 0)
	var tokens tokenSet
	for i := range 2 * maxAccessTokens {
		scope := string(rune('a' + i))
		tokens.add(accessToken{scope: scope, expiry: now.Add(time.Hour)}, now)
	}
	if got := len(tokens.access); got != maxAccessTokens {
		t.Errorf("got %d tokens, want %d", got, maxAccessTokens)
	}

	newest := tokens.access[0].scope
	tokens.add(accessToken{token: "replaced", scope: newest, expiry: now.Add(time.Hour)}, now)
	if got := len(tokens.access); got != maxAccessTokens || tokens.access[0].token != "replaced" {
		t.Errorf("got %d tokens, the first %+v, want the same scope replaced",
			got, tokens.access[0])
	}

	tokens.add(accessToken{token: "last"}, now.Add(2*time.Hour))
	if got := len(tokens.access); got != 1 {
		t.Errorf("when the others have expired: got %d tokens, want one", got)
	}
}
