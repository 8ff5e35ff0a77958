package chiauth0_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/sessionstores"
)

const reportsAPI = "https://reports.example/"

// newTokenApp starts an application whose access tokens live for 30 seconds.
func newTokenApp(t testing.TB, changes ...func(*chiauth0.Config)) *app {
	t.Helper()

	tenant := chiauth0test.Start(t)
	tenant.AccessTokenLifetime = 30 * time.Second
	tenant.AddAPI(reportsAPI, "read:reports", "offline_access")
	all := append([]func(*chiauth0.Config){func(c *chiauth0.Config) {
		c.Audience = reportsAPI
		c.Scopes = []string{"openid", "profile", "email", "offline_access", "read:reports"}
	}}, changes...)
	a := newAppAt(t, tenant, all...)
	tokenRoutes(a.router, a.cfg)

	return a
}

func tokenRoutes(r *chi.Mux, cfg *chiauth0.Config) {
	r.With(chiauth0.RequireLogin(cfg)).Get("/token", func(w http.ResponseWriter, r *http.Request) {
		token, err := chiauth0.AccessToken(r.Context(), r.FormValue("audience"))
		if err != nil {
			http.Error(w, err.Error(), statusOf(err))
			return
		}
		fmt.Fprint(w, token.AccessToken)
	})
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, chiauth0.ErrSessionEnded):
		return http.StatusGone
	case errors.Is(err, chiauth0.ErrUnavailable):
		return http.StatusServiceUnavailable
	}

	return http.StatusInternalServerError
}

// secondNode is another process of the application, with the same session store.
func (a *app) secondNode() *app {
	node := *a
	cfg := a.cfg.Clone()
	cfg.Sessions = sessionstores.New(a.store)
	cfg.BaseURL = a.cfg.BaseURL
	node.cfg = cfg
	node.net = &network{}
	cfg.HTTPClient = &http.Client{Transport: node.net}
	node.router = routes(cfg)
	tokenRoutes(node.router, cfg)
	node.net.serve(a.tenant.Issuer(), a.tenant)
	node.net.serve(a.base, node.router)

	return &node
}

// on returns the same browser, sent to another node.
func (b *browser) on(node *app) *browser {
	client := *b.Client
	client.Transport = node.net

	return &browser{app: node, Client: &client}
}

func TestExpiredAccessTokenIsRefreshedOnce(t *testing.T) {
	a := newTokenApp(t)
	node := a.secondNode()
	a.inBubble(func(t *testing.T) {
		node.t = t
		b := a.browser()
		b.signIn(ada)
		other := b.on(node)
		old := b.get("/token?audience=" + reportsAPI).body
		time.Sleep(31 * time.Second)

		var wg sync.WaitGroup
		var mu sync.Mutex
		tokens := map[string]int{}
		for range 50 {
			for _, browser := range []*browser{b, other} {
				wg.Go(func() {
					resp := browser.get("/token?audience=" + reportsAPI)
					mu.Lock()
					defer mu.Unlock()
					tokens[fmt.Sprint(resp.StatusCode, " ", resp.body)]++
				})
			}
		}
		wg.Wait()

		if len(tokens) != 1 {
			t.Errorf("got %d different answers, want one: %.300v", len(tokens), tokens)
		}
		for token := range tokens {
			if !strings.HasPrefix(token, "200 ") || strings.HasSuffix(token, old) {
				t.Errorf("got %.60s, want a new token", token)
			}
		}
		if got := a.tenant.RefreshCounts(); got.Refreshes != 1 || got.Reuses != 0 {
			t.Errorf("got %+v, want one refresh and no reuse\n%s", got, a.log)
		}
	})
}
