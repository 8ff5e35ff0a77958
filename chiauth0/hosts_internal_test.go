package chiauth0

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/sessionstores"
)

func withOrigins(c *Config) {
	c.BaseURL = "https://app.example"
	c.Origins = []string{
		"https://{organization}.app.example", "https://shop.example",
		"https://{organization}.dev.example:8443",
	}
}

// FuzzMatchHost looks for a Host header that stands for an origin which is not configured: redirect
// URIs are made of it.
func FuzzMatchHost(f *testing.F) {
	for _, host := range []string{
		"app.example", "APP.example:443", "acme.app.example", "Acme.App.Example", "shop.example",
		"a.dev.example:8443", "a.dev.example", "a.b.app.example", "-.app.example", ".app.example",
		"acme.app.example@evil.example", "evil.example/.app.example", "evil.example#.app.example",
		"a%2eb.app.example", "xn--bcher-kva.app.example", "\u212a.app.example", "[::1].app.example",
	} {
		f.Add(host)
	}
	a := newTestAuth(f, withOrigins)
	f.Fuzz(func(t *testing.T, host string) {
		origin, organization, ok := a.matchHost(host)
		if !ok {
			return
		}
		u, err := url.Parse(origin.String() + "/callback")
		if err != nil || u.User != nil || u.Path != "/callback" || u.Scheme != "https" {
			t.Fatalf("%q stands for %q, which is no origin: %v", host, origin, err)
		}
		if !strings.EqualFold(strings.TrimSuffix(host, ":443"), u.Host) {
			t.Errorf("%q stands for another host: %q", host, u.Host)
		}
		want := map[string]bool{
			"app.example": true, "shop.example": true,
			organization + ".app.example":      organization != "",
			organization + ".dev.example:8443": organization != "",
		}
		if !want[u.Host] {
			t.Errorf("%q stands for %q of the organization %q, which is not configured",
				host, u.Host, organization)
		}
		if strings.ContainsAny(organization, "._:@/%") || len(organization) > 63 ||
			organization != strings.ToLower(organization) {
			t.Errorf("%q names the organization %q, which is no label", host, organization)
		}
		if !a.isOwnOrigin(origin.String()) {
			t.Errorf("%q stands for %q, which is no origin of the Config", host, origin)
		}
	})
}

// The host of a request is in the context of a middleware. Without it no session is accepted.
func TestSessionWithoutAHostIsAnonymous(t *testing.T) {
	t.Parallel()
	a := newTestAuth(t, withOrigins)
	for _, host := range []any{nil, "", "other.example"} {
		ctx := context.WithValue(t.Context(), hostKey{}, host)
		if err := a.checkHostOrganization(ctx, "org_1", "acme"); !errors.Is(err, errUnknownHost) {
			t.Errorf("the host %v: got %v, want %v", host, err, errUnknownHost)
		}
	}
	ctx := context.WithValue(t.Context(), hostKey{}, "acme.app.example")
	if err := a.checkHostOrganization(ctx, "org_1", "ACME"); err != nil {
		t.Errorf("the host of the organization: got %v, want no error", err)
	}
	if a.sessions.Cookie.Name == sessionstores.DefaultCookieName {
		t.Error("the session cookie has the default name, want one of the Config")
	}
}
