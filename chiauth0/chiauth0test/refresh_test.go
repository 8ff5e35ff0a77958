package chiauth0test_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

var offline = edits{"scope": "openid profile offline_access"}

// wantCounts checks the counts of refresh tokens.
func (a *app) wantCounts(want chiauth0test.RefreshCounts) {
	a.t.Helper()
	if got := a.tenant.RefreshCounts(); got != want {
		a.t.Errorf("counts are %+v, want %+v", got, want)
	}
}

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	first := a.tokens(offline)
	second := a.mustRefresh(first["refresh_token"], nil)
	for _, name := range []string{"refresh_token", "access_token"} {
		if second[name] == first[name] || second[name] == nil {
			t.Errorf("%s is %v, want a new one", name, second[name])
		}
	}
	if second["scope"] != first["scope"] {
		t.Errorf("scope is %v, want %v", second["scope"], first["scope"])
	}
	before, after := a.open(first["id_token"]), a.open(second["id_token"])
	for _, claim := range []string{"iss", "sub", "aud", "sid", "name"} {
		if before[claim] != after[claim] {
			t.Errorf("claim %s is %v, want %v", claim, after[claim], before[claim])
		}
	}
	wantClaims(t, after, map[string]any{"nonce": nil}) // OpenID Connect Core 1.0, section 12.2
	a.wantCounts(chiauth0test.RefreshCounts{Refreshes: 1, Live: 1})
}

func TestRefreshReuse(t *testing.T) {
	t.Parallel()
	t.Run("revokes the family, with status 403 as at Auth0", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		unrelated := a.tokens(offline)
		first := a.tokens(offline)
		second := a.mustRefresh(first["refresh_token"], nil)
		status, body := a.refresh(first["refresh_token"], nil)
		wantError(t, status, body, http.StatusForbidden, "invalid_grant")
		a.wantCounts(chiauth0test.RefreshCounts{
			Refreshes: 1, Reuses: 1, RevokedFamilies: 1, Live: 1,
		})

		status, body = a.refresh(second["refresh_token"], nil)
		wantError(t, status, body, http.StatusForbidden, "invalid_grant")
		a.wantCounts(chiauth0test.RefreshCounts{
			Refreshes: 1, Reuses: 1, RevokedFamilies: 1, Live: 1,
		})
		wantStatus(t, "userinfo with an access token of the family",
			a.userinfoStatus(second["access_token"]), http.StatusUnauthorized)
		a.mustRefresh(unrelated["refresh_token"], nil)
	})
	t.Run("of several at once, one succeeds", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		token := a.tokens(offline)["refresh_token"]
		const n = 8
		statuses := make([]int, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { statuses[i], _ = a.refresh(token, nil) })
		}
		wg.Wait()
		counts := a.tenant.RefreshCounts()
		if counts.Refreshes != 1 || counts.Reuses != n-1 || counts.RevokedFamilies != 1 {
			t.Errorf("counts are %+v for statuses %v, want 1 refresh", counts, statuses)
		}
	})
	t.Run("is allowed within the overlap", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.updateClient(func(c *chiauth0test.Client) { c.RefreshOverlap = 10 * time.Second })
		token := a.tokens(offline)["refresh_token"]
		a.mustRefresh(token, nil)
		a.clock = a.clock.Add(10*time.Second - 1)
		a.mustRefresh(token, nil)
		a.wantCounts(chiauth0test.RefreshCounts{Refreshes: 2, Live: 3})
		a.clock = a.clock.Add(1)
		a.wantCounts(chiauth0test.RefreshCounts{Refreshes: 2, Live: 2})
		status, body := a.refresh(token, nil)
		wantError(t, status, body, http.StatusForbidden, "invalid_grant")
		a.wantCounts(chiauth0test.RefreshCounts{Refreshes: 2, Reuses: 1, RevokedFamilies: 1})
	})
	t.Run("is allowed without rotation", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		a.updateClient(func(c *chiauth0test.Client) { c.NonRotating = true })
		token := a.tokens(offline)["refresh_token"]
		for range 2 {
			if body := a.mustRefresh(token, nil); body["refresh_token"] != nil {
				t.Errorf("refresh_token is %v, want none", body["refresh_token"])
			}
		}
		a.wantCounts(chiauth0test.RefreshCounts{Refreshes: 2, Live: 1})
	})
}

func TestRefreshScope(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	first := a.tokens(offline)
	second := a.mustRefresh(first["refresh_token"], edits{"scope": "openid"})
	if second["scope"] != "openid" {
		t.Errorf("narrowed scope is %v, want openid", second["scope"])
	}
	wantClaims(t, a.open(second["id_token"]), map[string]any{"name": nil})

	third := a.mustRefresh(second["refresh_token"], nil)
	if third["scope"] != first["scope"] {
		t.Errorf("scope is %v, want %v", third["scope"], first["scope"])
	}

	status, body := a.refresh(third["refresh_token"], edits{"scope": "openid email"})
	wantError(t, status, body, http.StatusBadRequest, "invalid_scope")
	a.mustRefresh(third["refresh_token"], nil) // the refused request did not spend it
}

func TestRefreshRefused(t *testing.T) {
	t.Parallel()
	t.Run("an unknown token, or one of another client", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		other := a.addOther()
		token := a.tokens(offline)["refresh_token"]
		for _, e := range []edits{{"refresh_token": "x"}, {"refresh_token": ""}, other} {
			status, body := a.refresh(token, e)
			wantError(t, status, body, http.StatusForbidden, "invalid_grant")
		}
		a.wantCounts(chiauth0test.RefreshCounts{Live: 1})
	})
	t.Run("a blocked user", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		token := a.tokens(offline)["refresh_token"]
		a.addUser(chiauth0test.User{Blocked: true})
		status, body := a.refresh(token, nil)
		wantError(t, status, body, http.StatusForbidden, "invalid_grant")
		a.addUser(chiauth0test.User{})
		a.mustRefresh(token, nil) // the refused request did not spend it
	})
	t.Run("a family after thirty days, also if it was used", func(t *testing.T) {
		t.Parallel()
		a := newApp(t)
		token := a.tokens(offline)["refresh_token"]
		for range 29 {
			a.clock = a.clock.Add(24 * time.Hour)
			token = a.mustRefresh(token, nil)["refresh_token"]
		}
		a.clock = a.clock.Add(24 * time.Hour)
		status, body := a.refresh(token, nil)
		wantError(t, status, body, http.StatusForbidden, "invalid_grant")
		a.wantCounts(chiauth0test.RefreshCounts{Refreshes: 29})
	})
}

const (
	orders  = "https://orders.test"
	reports = "https://reports.test"
)

// newMultiResourceApp returns an application that logs in for orders. Its policies list reports.
func newMultiResourceApp(t *testing.T) (a *app, refreshToken any) {
	t.Helper()
	a = newApp(t)
	a.tenant.AddAPI(orders, "read:orders", "write:orders")
	a.tenant.AddAPI(reports, "read:reports", "write:reports")
	a.tenant.AddAPI("https://unlisted.test", "read:unlisted")
	a.updateClient(func(c *chiauth0test.Client) {
		c.RefreshPolicies = map[string][]string{
			reports:                {"read:reports", "unregistered"},
			orders:                 {"write:orders"},
			"https://unknown.test": {"read:unknown"},
		}
	})
	tokens := a.tokens(edits{"audience": orders, "scope": "openid offline_access read:orders"})
	return a, tokens["refresh_token"]
}

func TestMultiResourceRefresh(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edits           edits
		audience, scope string
	}{
		"no audience": {
			nil, orders, "openid offline_access read:orders",
		},
		"a listed audience": {
			edits{"audience": reports}, reports, "openid offline_access read:reports",
		},
		"a listed audience and scope": {
			edits{"audience": reports, "scope": "openid read:reports"},
			reports,
			"openid read:reports",
		},
		"scopes that the policy lacks are dropped": {
			edits{"audience": reports, "scope": "read:reports write:reports read:orders"},
			reports,
			"read:reports",
		},
		"scopes that the API lacks are dropped": {
			edits{"audience": reports, "scope": "read:reports unregistered"},
			reports,
			"read:reports",
		},
		"the login's audience with its policy": {
			edits{"audience": orders, "scope": "read:orders write:orders"},
			orders,
			"read:orders write:orders",
		},
		"an unlisted audience is ignored": {
			edits{"audience": "https://unlisted.test", "scope": "read:unlisted openid"},
			orders,
			"openid",
		},
		"an unregistered audience is ignored": {
			edits{"audience": "https://unknown.test"}, orders, "openid offline_access read:orders",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, token := newMultiResourceApp(t)
			body := a.mustRefresh(token, test.edits)
			claims := a.open(body["access_token"])
			aud, _ := claims["aud"].([]any)
			if len(aud) == 0 || aud[0] != test.audience {
				t.Errorf("aud is %v, want %s", aud, test.audience)
			}
			if body["scope"] != test.scope || claims["scope"] != test.scope {
				t.Errorf("scope is %v, in the JWT %v; want %s",
					body["scope"], claims["scope"], test.scope)
			}
			a.mustRefresh(body["refresh_token"], nil)
		})
	}
	t.Run("a client without policies gets the login's audience", func(t *testing.T) {
		t.Parallel()
		a, token := newMultiResourceApp(t)
		a.updateClient(func(c *chiauth0test.Client) { c.RefreshPolicies = nil })
		claims := a.open(a.mustRefresh(token, edits{"audience": reports})["access_token"])
		if aud, _ := claims["aud"].([]any); aud[0] != orders {
			t.Errorf("aud is %v, want %s", aud, orders)
		}
	})
}

func TestRefreshRequiresMFA(t *testing.T) {
	t.Parallel()
	a, token := newMultiResourceApp(t)
	a.tenant.MFAAudiences = []string{reports}
	a.addUser(chiauth0test.User{MFA: true})
	status, body := a.refresh(token, edits{"audience": reports})
	wantError(t, status, body, http.StatusForbidden, "mfa_required")
	if body["mfa_token"] == nil {
		t.Errorf("answer %v lacks mfa_token", body)
	}
	a.mustRefresh(token, nil) // the refused request did not spend it

	tokens := a.tokens(edits{
		"audience": orders, "scope": "openid offline_access", "acr_values": multiFactor,
	})
	a.mustRefresh(tokens["refresh_token"], edits{"audience": reports})
}
