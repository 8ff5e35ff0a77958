package chiauth0

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestSealedState(t *testing.T) {
	t.Parallel()
	a := newTestAuth(t, withSecrets)
	state := newLoginState(loginRequest{
		returnTo: "/account?a=1&b=<2>", query: url.Values{"organization": {"org_1"}}, restarts: 1,
	})
	sealed, err := a.sealState(state)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := a.openState(sealed); !ok || !reflect.DeepEqual(got, state) {
		t.Errorf("got %+v, want %+v", got, state)
	}
	for who, other := range otherConfigs(t) {
		if _, ok := other.openState(sealed); ok {
			t.Errorf("a state opens for %s", who)
		}
		page := other.openPage(a.transactions.SealString([]byte("/x"), a.pageBinding()))
		if page != "" {
			t.Errorf("a sealed page opens for %s: %q", who, page)
		}
	}
	if a.openPage(sealed) != "" {
		t.Error("a state opens as a page")
	}
	if _, ok := a.openState(a.transactions.SealString([]byte(`{"i":"x"}`), a.pageBinding())); ok {
		t.Error("a page opens as a state")
	}
}

// A state is part of two Locations and of Auth0's own URLs, so it has to stay short.
func TestStateIsShort(t *testing.T) {
	t.Parallel()
	a := newTestAuth(t, nil)
	page := a.returnTo(a.base, "/?"+strings.Repeat("&", maxReturnTo-2))
	sealed, err := a.sealState(newLoginState(loginRequest{returnTo: page}))
	if err != nil {
		t.Fatal(err)
	}
	if got, limit := len(sealed), 900; len(page) != maxReturnTo || got > limit {
		t.Errorf("got a state of %d bytes for a page of %d, want at most %d", got, len(page), limit)
	}
}

func FuzzOpenState(f *testing.F) {
	a := newTestAuth(f, nil)
	state := loginState{ID: "ID", Created: 1, ReturnTo: "/account"}
	sealed, err := a.sealState(state)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed + "A")
	f.Add(sealed[1:])
	f.Add("")
	f.Add(strings.Repeat("A", maxState+1))
	f.Fuzz(func(t *testing.T, value string) {
		got, ok := a.openState(value)
		// The processes of the fuzzer have the same key and exchange what they sealed.
		if ok && got != state || !ok && value == sealed {
			t.Fatalf("openState(%q): got %+v, %t", value, got, ok)
		}
		if page := a.openPage(value); page != "" {
			t.Fatalf("openPage(%q): got %q", value, page)
		}
	})
}
