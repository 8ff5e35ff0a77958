package cluster_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// A site is two nodes of the example and the tenant of their users.
type site struct {
	t      *testing.T
	tenant *chiauth0test.Tenant
	nodes  []*node
}

// A node is one process of the example.
type node struct {
	*process
	url string
}

const clientSecret = "the client secret that the nodes and their tenant share"

// startSite starts two nodes with a common table of users and the given settings.
func startSite(t *testing.T, settings ...string) *site {
	t.Helper()
	s := &site{t: t, tenant: startTenant(t)}
	database := "DATABASE_URL=sqlite://" + filepath.Join(t.TempDir(), "users.db")
	settings = append([]string{database}, settings...)
	settings = append(settings, tenantSettings(s.tenant.Issuer())...)

	client := chiauth0test.Client{ID: "example", Secret: clientSecret}
	for range 2 {
		n := startNode(t, settings...)
		s.nodes = append(s.nodes, n)
		client.CallbackURLs = append(client.CallbackURLs, n.url+"/auth0/callback")
		client.LogoutURLs = append(client.LogoutURLs, n.url+"/auth0")
	}
	s.tenant.AddClient(client)
	return s
}

// startTenant starts a stand-in tenant on localhost. The nodes are on 127.0.0.1: cookies ignore
// ports, so only another host name gives the tenant a cookie jar of its own.
func startTenant(t *testing.T) *chiauth0test.Tenant {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	tenant := chiauth0test.New("http://localhost:" + port)
	server.Config.Handler = tenant
	server.Start()
	t.Cleanup(server.Close)
	return tenant
}

// tenantSettings are the environment of a node whose users log in at a tenant.
func tenantSettings(issuer string) []string {
	return []string{
		"AUTH0_DOMAIN=" + issuer,
		"AUTH0_CLIENT_ID=example",
		"AUTH0_CLIENT_SECRET=" + clientSecret,
		"AUTH0_GROUPS_FIELD=https://app.example/groups",
		"AUTH0_STAFF_GROUP=staff",
		"AUTH0_SUPERUSER_GROUP=superusers",
	}
}

func startNode(t *testing.T, settings ...string) *node {
	t.Helper()
	env := append([]string{"ADDR=127.0.0.1:0", "PATH=" + os.Getenv("PATH")}, settings...)
	n := &node{process: launch(t, env, binary)}
	n.url = n.ready(t, "example")
	t.Cleanup(func() { n.stop(t) })
	return n
}

// ready waits until the process prints its URL.
func (p *process) ready(t *testing.T, what string) (url string) {
	t.Helper()
	readyLine := regexp.MustCompile("(?m)^The " + what + ` is ready: (\S+)$`)
	until(t, what+" is ready", func() bool {
		if found := readyLine.FindStringSubmatch(p.output.String()); found != nil {
			url = found[1]
		}
		return url != ""
	})
	return url
}

// stop ends a node with SIGTERM, as a deployment does. The test fails if the exit status is not 0
// or a handler panicked. A data race makes the status 66.
func (n *node) stop(t *testing.T) {
	n.once.Do(func() {
		if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := n.cmd.Wait(); err != nil {
			t.Errorf("the node ended with %v:\n%s", err, n.output.String())
		}
	})
	if text := n.output.String(); strings.Contains(text, "panic:") {
		t.Errorf("the node panicked:\n%s", text)
	}
}

// signIn returns a browser that is signed in. It creates the account at the tenant.
func (s *site) signIn(n *node, name string, groups ...string) *http.Client {
	s.t.Helper()
	email := name + "@example.com"
	claims := map[string]any{"https://app.example/groups": append([]string{}, groups...)}
	s.tenant.AddUser(chiauth0test.User{Email: email, Password: "password", Claims: claims})

	browser := chiauth0test.NewBrowser()
	resp, err := s.tenant.SignIn(browser, n.url+"/account", email)
	if err != nil {
		s.t.Fatal(err)
	}
	body := read(s.t, resp)
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, email) {
		s.t.Fatalf("the login of %s ended with %s at %s", email, resp.Status, resp.Request.URL)
	}
	return browser
}

// get returns the status and the text of a page.
func get(t *testing.T, browser *http.Client, url string) (status int, body string) {
	t.Helper()
	resp, err := browser.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, read(t, resp)
}

// post sends a form, as a button of a page does.
func post(t *testing.T, browser *http.Client, address string, form url.Values) (int, string) {
	t.Helper()
	resp, err := browser.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, read(t, resp)
}

func read(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// isSignedIn asks the JSON route of a node, which never redirects to a login.
func isSignedIn(t *testing.T, browser *http.Client, n *node) bool {
	t.Helper()
	status, _ := get(t, browser, n.url+"/api/me")
	switch status {
	case http.StatusOK:
		return true
	case http.StatusUnauthorized:
		return false
	}
	t.Fatalf("%s/api/me: got %d, want 200 or 401", n.url, status)
	return false
}

// logOut logs out at a node and checks that the router's home page follows.
func logOut(t *testing.T, browser *http.Client, baseURL string) {
	t.Helper()
	resp, err := browser.PostForm(baseURL+"/auth0/logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp)
	got := resp.Status + " at " + resp.Request.URL.Path
	if got != "200 OK at /auth0" {
		t.Errorf("the logout ended with %s, want 200 OK at /auth0", got)
	}
}
