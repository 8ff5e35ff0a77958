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

// A site is two nodes of the example and the tenant at which their users log in.
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

const secret = "the client secret that the nodes and their tenant share"

// startSite starts two nodes that share a table of users, with what settings say beside that.
func startSite(t *testing.T, settings ...string) *site {
	t.Helper()
	s := &site{t: t}
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.tenant.ServeHTTP(w, r) }))
	_, port, _ := strings.Cut(proxy.Listener.Addr().String(), ":")
	s.tenant = chiauth0test.New("http://localhost:" + port) // not 127.0.0.1, where the nodes are: cookies ignore ports
	proxy.Start()
	t.Cleanup(proxy.Close)

	settings = append([]string{"DATABASE_URL=sqlite://" + filepath.Join(t.TempDir(), "users.db")}, settings...)
	settings = append(settings, tenantSettings(s.tenant.Issuer())...)
	client := chiauth0test.Client{ID: "example", Secret: secret}
	for range 2 {
		n := startNode(t, settings...)
		s.nodes = append(s.nodes, n)
		client.CallbackURLs = append(client.CallbackURLs, n.url+"/auth0/callback")
		client.LogoutURLs = append(client.LogoutURLs, n.url+"/auth0")
	}
	s.tenant.AddClient(client)
	return s
}

// tenantSettings send a node's users to a tenant.
func tenantSettings(issuer string) []string {
	return []string{
		"AUTH0_DOMAIN=" + issuer, "AUTH0_CLIENT_ID=example", "AUTH0_CLIENT_SECRET=" + secret,
		"AUTH0_GROUPS_FIELD=https://app.example/groups", "AUTH0_STAFF_GROUP=staff", "AUTH0_SUPERUSER_GROUP=superusers",
	}
}

func startNode(t *testing.T, settings ...string) *node {
	t.Helper()
	n := &node{process: launch(t, append([]string{"ADDR=127.0.0.1:0", "PATH=" + os.Getenv("PATH")}, settings...), binary)}
	n.url = n.ready(t, "example")
	t.Cleanup(func() { n.stop(t) })
	return n
}

// ready waits until the process says where it is.
func (p *process) ready(t *testing.T, what string) (url string) {
	t.Helper()
	said := regexp.MustCompile("(?m)^The " + what + ` is ready: (\S+)$`)
	until(t, what+" is ready", func() bool {
		if found := said.FindStringSubmatch(p.output.String()); found != nil {
			url = found[1]
		}
		return url != "" || p.cmd.ProcessState != nil
	})
	return url
}

// stop ends a node as a deployment does. A clean end is part of every test: the exit status is 0, after a data race 66, and
// no handler has panicked.
func (n *node) stop(t *testing.T) {
	n.once.Do(func() {
		if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := n.cmd.Wait(); err != nil {
			t.Errorf("a node ended with %v:\n%s", err, n.output.String())
		}
	})
	if text := n.output.String(); strings.Contains(text, "panic:") {
		t.Errorf("a node panicked:\n%s", text)
	}
}

// signIn is a browser in which somebody logs in on a node. The account is made if there is none.
func (s *site) signIn(n *node, name string, groups ...string) *http.Client {
	s.t.Helper()
	email := name + "@example.com"
	s.tenant.AddUser(chiauth0test.User{
		Email: email, Password: "password", Claims: map[string]any{"https://app.example/groups": append([]string{}, groups...)},
	})
	browser := chiauth0test.NewBrowser()
	resp, err := s.tenant.SignIn(browser, n.url+"/account", email)
	if err != nil {
		s.t.Fatal(err)
	}
	if body := read(s.t, resp); resp.StatusCode != http.StatusOK || !strings.Contains(body, email) {
		s.t.Fatalf("the login of %s ended with %s at %s", email, resp.Status, resp.Request.URL)
	}
	return browser
}

// get returns the status of a page, which must not have led elsewhere, and its text.
func get(t *testing.T, browser *http.Client, url string) (status int, body string) {
	t.Helper()
	resp, err := browser.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, read(t, resp)
}

// post sends a form as a page's button does.
func post(t *testing.T, browser *http.Client, address string, form url.Values) (status int, body string) {
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

// isSignedIn asks a node as a program would: there is no way to be led to a login.
func isSignedIn(t *testing.T, browser *http.Client, n *node) bool {
	t.Helper()
	status, _ := get(t, browser, n.url+"/api/me")
	switch status {
	case http.StatusOK:
		return true
	case http.StatusUnauthorized:
		return false
	}
	t.Fatalf("%s answers %d", n.url, status)
	return false
}
