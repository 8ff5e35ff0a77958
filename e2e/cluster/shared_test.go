package cluster_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

const cookieSecret = "a secret of 32 bytes or more that seals cookies"

// A login on one node is a login on the other, and so is a logout. A copy of the cookies ends with
// the session too, except for cookie sessions without a revocation list.
func TestNodesShareSessions(t *testing.T) {
	needsServers(t)
	cookie := []string{"SESSION_STORE=cookie", "AUTH0_SECRET=" + cookieSecret}
	tests := map[string]struct {
		settings []string
		redis    bool
		copyEnds bool
	}{
		"Redis": {
			settings: []string{"SESSION_STORE=redis"},
			redis:    true,
			copyEnds: true,
		},
		"cookies": {
			settings: cookie,
		},
		"cookies with a revocation list": {
			settings: cookie,
			redis:    true,
			copyEnds: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := append([]string{}, tt.settings...)
			if tt.redis {
				settings = append(settings, "REDIS_URL=redis://"+startRedis(t).addr)
			}
			s := startSite(t, settings...)
			a, b := s.nodes[0], s.nodes[1]

			browser := s.signIn(a, "ada")
			if !isSignedIn(t, browser, b) {
				t.Fatal("after a login on A: not signed in on B")
			}
			stolen := copyOf(t, browser, a)
			if !isSignedIn(t, stolen, b) {
				t.Fatal("a copy of the cookies is not signed in before the logout")
			}

			logOut(t, browser, b.url)
			if isSignedIn(t, browser, a) {
				t.Error("after a logout on B: still signed in on A")
			}
			if got, want := isSignedIn(t, stolen, a), !tt.copyEnds; got != want {
				t.Errorf("copy of the cookies after the logout: signed in %v, want %v", got, want)
			}
		})
	}
}

// copyOf returns a browser with the same cookies.
func copyOf(t *testing.T, browser *http.Client, n *node) *http.Client {
	t.Helper()
	address, err := url.Parse(n.url)
	if err != nil {
		t.Fatal(err)
	}
	other := chiauth0test.NewBrowser()
	other.Jar.SetCookies(address, browser.Jar.Cookies(address))
	return other
}

// A superuser on one node ends all sessions of a user on all nodes, and deactivates the user.
func TestSuperuserEndsSessionsOnAllNodes(t *testing.T) {
	needsServers(t)
	tests := map[string][]string{
		"Redis":                          {"SESSION_STORE=redis"},
		"cookies with a revocation list": {"SESSION_STORE=cookie", "AUTH0_SECRET=" + cookieSecret},
	}
	for name, settings := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSite(t, append(settings, "REDIS_URL=redis://"+startRedis(t).addr)...)
			a, b := s.nodes[0], s.nodes[1]
			laptop := s.signIn(a, "ada")
			phone := s.signIn(b, "ada")
			bob := s.signIn(a, "bob")
			root := s.signIn(b, "root", "staff", "superusers")

			user := b.url + userPath(t, root, b, "ada@")
			status, page := post(t, root, user+"logout", nil)
			if status != http.StatusOK || !strings.Contains(page, "logged out everywhere") {
				t.Errorf("ending Ada's sessions: got %d %s", status, page)
			}
			for _, n := range s.nodes {
				if isSignedIn(t, laptop, n) || isSignedIn(t, phone, n) {
					t.Errorf("Ada is still signed in on %s", n.url)
				}
				if !isSignedIn(t, bob, n) {
					t.Errorf("Bob is signed out on %s, too", n.url)
				}
			}

			again := s.signIn(a, "ada")
			post(t, root, user+"active", url.Values{"active": {"false"}})
			if isSignedIn(t, again, a) {
				t.Error("Ada is inactive since a request to B, and still signed in on A")
			}
		})
	}
}

// userPath returns the path of a user's forms on the staff page.
func userPath(t *testing.T, browser *http.Client, n *node, name string) string {
	t.Helper()
	_, page := get(t, browser, n.url+"/staff")
	form := regexp.MustCompile(`action="(/staff/\d+/)logout">\s*<button [^>]*Log ` + name)
	found := form.FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the staff page has no button for %s:\n%s", name, page)
	}
	return found[1]
}
