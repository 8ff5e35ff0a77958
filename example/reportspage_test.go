package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

// jwt matches a JSON Web Token.
var jwt = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)

func TestReportsPageShowsAnswerOfAPI(t *testing.T) {
	app := start(t)
	for email, want := range map[string]struct{ verdict, text string }{
		"staff@example.com": {`class="verdict">200<`, "2026-10"},
		"user@example.com":  {`class="verdict">403<`, "does not have the permission"},
	} {
		_, status, page := app.signIn(t, email, "/reports")
		if status != http.StatusOK {
			t.Errorf("%s: got %d, want 200", email, status)
		}
		for _, text := range []string{
			want.verdict, want.text, "https://reports.example/", "offline_access", "4 minutes",
			"client := chiauth0.HTTPClient(", "chiauth0.RequireBearer(cfg",
		} {
			if !strings.Contains(page, text) {
				t.Errorf("%s: %q is not on the page:\n%s", email, text, page)
			}
		}
		if token := jwt.FindString(page); token != "" {
			t.Errorf("%s: the page contains the token %s", email, token)
		}
		hasScope := strings.Contains(page, ">read:reports</span>")
		if wantScope := email == "staff@example.com"; hasScope != wantScope {
			t.Errorf("%s: scope read:reports is %v, want %v", email, hasScope, wantScope)
		}
	}
}

// The tokens of a cookie session are in its cookies.
func TestReportsPageWithCookieSessions(t *testing.T) {
	app := start(t, "SESSION_STORE=cookie", "AUTH0_SECRET="+strings.Repeat("s", 32),
		"DATABASE_URL=sqlite://"+filepath.Join(t.TempDir(), "users.db"))
	_, status, page := app.signIn(t, "staff@example.com", "/reports")
	if status != http.StatusOK || !strings.Contains(page, "2026-10") {
		t.Errorf("got %d, want the reports:\n%s", status, page)
	}
}

func TestScriptsCallAPIThroughProxy(t *testing.T) {
	app := start(t)
	stella, _, page := app.signIn(t, "staff@example.com", "/live")
	if !strings.Contains(page, `<script src="/live.js" defer>`) {
		t.Errorf("the page has no script:\n%s", page)
	}
	uma, _, _ := app.signIn(t, "user@example.com", "/live")
	for browser, want := range map[*http.Client]int{
		stella:                    http.StatusOK,
		uma:                       http.StatusForbidden,
		chiauth0test.NewBrowser(): http.StatusUnauthorized,
	} {
		req, err := http.NewRequest(http.MethodGet, app.url+"/reports-api/reports", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "application/json")
		req.Header.Set("X-Requested-With", "fetch")
		resp, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body := readBody(t, resp)
		if resp.StatusCode != want {
			t.Errorf("got %s %s, want %d", resp.Status, body, want)
		}
		if want == http.StatusOK && !strings.Contains(body, `"month":"2026-10"`) {
			t.Errorf("got %s, want the reports", body)
		}
	}
}

func TestReportsAPINeedsToken(t *testing.T) {
	app := start(t)
	api := app.servers[len(app.servers)-1].listener.Addr().String()
	resp, err := http.Get("http://" + api + "/reports")
	if err != nil {
		t.Fatal(err)
	}
	readBody(t, resp)
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: got %s, want 401", resp.Status)
	}
	const want = `Bearer realm="https://reports.example/"`
	if got := resp.Header.Get("WWW-Authenticate"); got != want {
		t.Errorf("got WWW-Authenticate %q, want %q", got, want)
	}
}

// The page gets a new token when the old one is about to expire. The session continues.
func TestReportsPageRefreshesToken(t *testing.T) {
	app := start(t)
	app.tenant.AccessTokenLifetime = time.Second
	stella, _, _ := app.signIn(t, "staff@example.com", "/account")
	time.Sleep(600 * time.Millisecond) // half of the lifetime
	resp, page := app.get(t, stella, "/reports")
	if resp.StatusCode != http.StatusOK || !strings.Contains(page, "2026-10") {
		t.Errorf("got %s, want the reports:\n%s", resp.Status, page)
	}
	counts := app.tenant.RefreshCounts()
	if counts.Refreshes == 0 || counts.Reuses != 0 {
		t.Errorf("got %d refreshes and %d reuses, want a refresh and no reuse",
			counts.Refreshes, counts.Reuses)
	}
}

func TestReportsPagesWithoutAPI(t *testing.T) {
	cfg := &chiauth0.Config{
		Domain:       "tenant.example",
		ClientID:     "id",
		ClientSecret: strings.Repeat("s", 32),
		BaseURL:      "http://localhost:8000",
		Logger:       slog.New(slog.DiscardHandler),
	}
	handler, err := newSite(cfg, nil, settings{}).handler()
	if err != nil {
		t.Fatal(err)
	}
	user := userprovider.User{ID: "1", Active: true, Value: person{ID: 1, Email: "u@example.com"}}
	for _, path := range []string{"/reports", "/live"} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost:8000"+path, nil)
		identity := userprovider.Identity{Subject: "auth0|1"}
		r = r.WithContext(chiauth0.WithUser(r.Context(), user, identity))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		page := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(page, "AUTH0_AUDIENCE") {
			t.Errorf("%s: got %d, want a page that names AUTH0_AUDIENCE:\n%s", path, w.Code, page)
		}
	}
}

func TestReportsPageWhileTokensCannotBeRefreshed(t *testing.T) {
	app := start(t)
	app.tenant.AccessTokenLifetime = time.Second
	stella, _, _ := app.signIn(t, "staff@example.com", "/account")
	time.Sleep(1100 * time.Millisecond) // the lifetime
	app.tenant.Misbehave(chiauth0test.Faults{
		Intercept: func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		},
	})
	req, err := http.NewRequest(http.MethodGet, app.url+"/reports", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	resp, err := stella.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	page := readBody(t, resp)
	if resp.StatusCode != http.StatusBadGateway || !strings.Contains(page, "Try again") {
		t.Errorf("while the tenant is down: got %s, want 502 and a link:\n%s", resp.Status, page)
	}
}

func TestAPIErrorNamesTheWayOut(t *testing.T) {
	for err, want := range map[error]struct {
		status int
		retry  string
	}{
		chiauth0.ErrSessionEnded:   {http.StatusUnauthorized, "/auth0/login?next_url=/reports"},
		chiauth0.ErrNoRefreshToken: {http.StatusForbidden, "prompt=login&next_url=/reports"},
		chiauth0.ErrUnavailable:    {http.StatusBadGateway, "/reports"},
	} {
		got := apiError(fmt.Errorf("GET /reports: %w", err))
		if got.Status != want.status || !strings.HasSuffix(got.RetryURL, want.retry) {
			t.Errorf("%v: got %d and %s, want %d and %s",
				err, got.Status, got.RetryURL, want.status, want.retry)
		}
	}
}

func TestRoundedLeft(t *testing.T) {
	for left, want := range map[time.Duration]string{
		-time.Second:             "expired",
		90*time.Second + 1e8:     "90 seconds",
		5*time.Minute + 1e8:      "5 minutes",
		24*time.Hour + 1e8:       "24 hours",
		119*time.Minute + 30*1e9: "119 minutes",
	} {
		if got := roundedLeft(time.Now().Add(left)); got != want {
			t.Errorf("roundedLeft in %v: got %q, want %q", left, got, want)
		}
	}
	if got := roundedLeft(time.Time{}); got != "unknown" {
		t.Errorf("roundedLeft without an expiry: got %q, want unknown", got)
	}
}
