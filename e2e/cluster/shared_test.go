package cluster_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// Signed in on one node, signed in on the other; signed out on the other, signed out on the one. That holds for a copy of the
// cookies as well, but for cookie sessions without a list of revocations (K8).
func TestNodesShareSessions(t *testing.T) {
	onlyInE2E(t)
	cookie := []string{"SESSION_STORE=cookie", "AUTH0_SECRET=" + strings.Repeat("s", 32)}
	for name, settings := range map[string]func(*testing.T) []string{
		"Redis": func(t *testing.T) []string {
			return []string{"SESSION_STORE=redis", "REDIS_URL=redis://" + startRedis(t).addr}
		},
		"cookies":                           func(*testing.T) []string { return cookie },
		"cookies and a list of revocations": func(t *testing.T) []string { return append(cookie, "REDIS_URL=redis://"+startRedis(t).addr) },
	} {
		t.Run(name, func(t *testing.T) {
			s := startSite(t, settings(t)...)
			a, b := s.nodes[0], s.nodes[1]
			browser := s.signIn(a, "ada")
			if !isSignedIn(t, browser, b) {
				t.Fatal("signed in on A, and not on B")
			}
			stolen := copyOf(t, browser, a)
			if !isSignedIn(t, stolen, b) {
				t.Fatal("the copy does not work at all")
			}
			if status, body := post(t, browser, b.url+"/auth0/logout", nil); status != http.StatusOK || !strings.Contains(body, "Go to Login") {
				t.Errorf("the logout ended with %d %s", status, body)
			}
			if isSignedIn(t, browser, a) {
				t.Error("signed out on B, and still signed in on A")
			}
			if got, want := isSignedIn(t, stolen, a), name == "cookies"; got != want {
				t.Errorf("a copy made before the logout is signed in: %v, want %v", got, want)
			}
		})
	}
}

// copyOf is another browser with the same cookies.
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

// A superuser on one node signs somebody out in all browsers on all nodes, and switches them off.
func TestSuperuserOnTheOtherNode(t *testing.T) {
	onlyInE2E(t)
	for name, settings := range map[string][]string{
		"Redis":                             {"SESSION_STORE=redis"},
		"cookies and a list of revocations": {"SESSION_STORE=cookie", "AUTH0_SECRET=" + strings.Repeat("s", 32)},
	} {
		t.Run(name, func(t *testing.T) {
			s := startSite(t, append(settings, "REDIS_URL=redis://"+startRedis(t).addr)...)
			a, b := s.nodes[0], s.nodes[1]
			laptop, phone, bob := s.signIn(a, "ada"), s.signIn(b, "ada"), s.signIn(a, "bob")
			root := s.signIn(b, "root", "staff", "superusers")

			_, page := get(t, root, b.url+"/staff")
			found := regexp.MustCompile(`action="(/staff/\d+/)logout">\s*<button [^>]*Sign ada@`).FindStringSubmatch(page)
			if found == nil {
				t.Fatalf("no button for Ada:\n%s", page)
			}
			if status, page := post(t, root, b.url+found[1]+"logout", nil); status != http.StatusOK || !strings.Contains(page, "signed out everywhere") {
				t.Errorf("signing Ada out: %d %s", status, page)
			}
			for _, n := range s.nodes {
				if isSignedIn(t, laptop, n) || isSignedIn(t, phone, n) {
					t.Error("Ada is still signed in somewhere")
				}
				if !isSignedIn(t, bob, n) {
					t.Error("Bob is signed out as well")
				}
			}

			again := s.signIn(a, "ada")
			post(t, root, b.url+found[1]+"active", url.Values{"active": {"false"}})
			if isSignedIn(t, again, a) {
				t.Error("U6: Ada was switched off on B, and is signed in on A")
			}
		})
	}
}
