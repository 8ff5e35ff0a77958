package cluster_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

const (
	ordersAPI  = "https://orders.example/"
	reportsAPI = "https://reports.example/"
)

// shortLife is the lifetime of the access token of a login. All later ones live for five minutes.
const shortLife = time.Second

// A tokenSite is two nodes of e2e/tokenapp, whose refresh tokens rotate without an overlap.
type tokenSite struct {
	*site
	server   *redisServer // nil behind Sentinel
	endpoint *tokenEndpoint
}

// A tokenEndpoint is in front of the tenant's. Access tokens of a login live for shortLife.
type tokenEndpoint struct {
	tenant *chiauth0test.Tenant

	mu     sync.Mutex
	before func() (lost bool) // called before the tenant reads a refresh token; it may lose it
	after  func()             // called when a refresh token is spent, before the answer is sent
}

// set replaces the functions that are called at a refresh.
func (e *tokenEndpoint) set(before func() bool, after func()) {
	e.mu.Lock()
	defer e.mu.Unlock()

	e.before, e.after = before, after
}

func (e *tokenEndpoint) hooks() (before func() bool, after func()) {
	e.mu.Lock()
	defer e.mu.Unlock()

	return e.before, e.after
}

func (e *tokenEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/oauth/token" {
		e.tenant.ServeHTTP(w, r)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}

	refresh := r.PostForm.Get("grant_type") == "refresh_token"
	before, after := e.hooks()
	if refresh && before != nil && before() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	recorder := httptest.NewRecorder()
	e.tenant.ServeHTTP(recorder, r)
	if refresh && after != nil {
		after()
	}

	body := recorder.Body.Bytes()
	if !refresh {
		short := fmt.Appendf(nil, `"expires_in":%d`, shortLife/time.Second)
		body = expiresIn.ReplaceAll(body, short)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(body)
}

var expiresIn = regexp.MustCompile(`"expires_in":\s*\d+`)

// once returns a function that calls act at its first call, and reports whether this is the first.
func once(act func()) func() bool {
	var done atomic.Bool
	return func() bool {
		first := done.CompareAndSwap(false, true)
		if first {
			act()
		}
		return first
	}
}

// startTokenSite starts two nodes with a Redis server of their own.
func startTokenSite(t *testing.T) *tokenSite {
	t.Helper()

	server := startRedis(t, "--appendfsync", "no") // a killed process loses nothing all the same
	s := startTokenNodes(t, "REDIS_ADDRS="+server.addr)
	s.server = server

	return s
}

func startTokenNodes(t *testing.T, settings ...string) *tokenSite {
	t.Helper()

	server := httptest.NewUnstartedServer(nil)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	tenant := chiauth0test.New("http://localhost:" + port)
	endpoint := &tokenEndpoint{tenant: tenant}
	server.Config.Handler = endpoint
	server.Start()
	t.Cleanup(server.Close)

	s := &tokenSite{site: &site{t: t, tenant: tenant}, endpoint: endpoint}
	s.tenant.AccessTokenLifetime = 5 * time.Minute
	s.tenant.AddAPI(ordersAPI, "offline_access")
	s.tenant.AddAPI(reportsAPI)

	client := chiauth0test.Client{
		ID: "example", Secret: clientSecret,
		RefreshPolicies: map[string][]string{reportsAPI: nil},
	}
	settings = append(settings,
		"AUTH0_DOMAIN="+s.tenant.Issuer(),
		"AUTH0_CLIENT_ID="+client.ID,
		"AUTH0_CLIENT_SECRET="+client.Secret,
		"AUDIENCES="+ordersAPI+","+reportsAPI,
	)
	for range 2 {
		n := &node{process: launch(t, settings, tokenApp)}
		n.url = n.ready(t, "token application")
		t.Cleanup(func() { n.stop(t) })
		s.nodes = append(s.nodes, n)
		client.CallbackURLs = append(client.CallbackURLs, n.url+"/auth0/callback")
		client.LogoutURLs = append(client.LogoutURLs, n.url+"/auth0")
	}
	s.tenant.AddClient(client)

	return s
}

// expired returns a browser that is signed in and whose access token has expired.
func (s *tokenSite) expired(name string) *http.Client {
	s.t.Helper()

	browser := s.logIn(chiauth0test.NewBrowser(), s.nodes[0], name)
	time.Sleep(shortLife)

	return browser
}

// newUser returns a browser that is signed in, for each i as another user.
func (s *tokenSite) newUser(i int) *http.Client {
	s.t.Helper()

	return s.logIn(chiauth0test.NewBrowser(), s.nodes[0], fmt.Sprintf("user%d", i))
}

// logIn logs in at a node.
func (s *tokenSite) logIn(browser *http.Client, n *node, name string) *http.Client {
	s.t.Helper()

	email := name + "@example.com"
	s.tenant.AddUser(chiauth0test.User{Email: email, Password: "password"})
	resp, err := s.tenant.SignIn(browser, n.url+"/auth0/login?next_url=/", email)
	if err != nil {
		s.t.Fatal(err)
	}
	if body := read(s.t, resp); resp.StatusCode != http.StatusOK {
		s.t.Fatalf("the login of %s ended with %s %s", name, resp.Status, body)
	}

	return browser
}

// An answer is what a node says to a request for a token.
type answer struct {
	status int
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %.200s", a.status, a.body) }

// askToken asks a node for an access token, as a program does.
func askToken(browser *http.Client, n *node, audience string) (answer, error) {
	address := n.url + "/token?audience=" + url.QueryEscape(audience)
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := browser.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)

	return answer{resp.StatusCode, string(body)}, err
}

// burst sends 50 requests to each node at once, for the audiences in turn. Requests to a node that
// was killed are left out of the answers.
func (s *tokenSite) burst(browser *http.Client, audiences ...string) map[answer]int {
	s.t.Helper()

	var running sync.WaitGroup
	var mu sync.Mutex
	answers := map[answer]int{}
	for i := range 50 {
		for _, n := range s.nodes {
			running.Go(func() {
				got, err := askToken(browser, n, audiences[i%len(audiences)])
				if err != nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				answers[got]++
			})
		}
	}
	running.Wait()

	return answers
}

// wantTokens fails the test unless all answers are the given number of tokens.
func (s *tokenSite) wantTokens(answers map[answer]int, tokens, requests int) {
	s.t.Helper()

	total := 0
	for got, count := range answers {
		total += count
		if got.status != http.StatusOK {
			s.t.Errorf("%d times: got %v, want a token\n%s", count, got, s.logs())
		}
	}
	if len(answers) != tokens || total != requests {
		s.t.Errorf("got %d different answers to %d requests, want %d to %d",
			len(answers), total, tokens, requests)
	}
}

// wantCounts fails the test unless the tenant has counted this, and no reuse.
func (s *tokenSite) wantCounts(refreshes, revoked, live int) {
	s.t.Helper()

	want := chiauth0test.RefreshCounts{
		Refreshes: refreshes, RevokedFamilies: revoked, Live: live,
	}
	if got := s.tenant.RefreshCounts(); got != want {
		s.t.Errorf("got %+v, want %+v\n%s", got, want, s.logs())
	}
}

// logs returns the end of what each node has logged.
func (s *tokenSite) logs() string {
	const most = 2000
	var logs strings.Builder
	for _, n := range s.nodes {
		text := n.output.String()
		logs.WriteString(text[max(0, len(text)-most):])
	}

	return logs.String()
}

// sentinelSettings returns the settings of e2e/tokenapp for the URL that startSentinels returns.
func sentinelSettings(address string) []string {
	addrs, master, _ := strings.Cut(strings.TrimPrefix(address, "redis+sentinel://"), "/")
	return []string{"REDIS_ADDRS=" + addrs, "REDIS_MASTER=" + master}
}
