package cluster_test

import (
	"debug/elf"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// The processes of compose.yaml run without containers: the binary of the Dockerfile as two nodes
// and as the tenant, Redis, PostgreSQL, and nginx with the configuration in compose.yaml. The test
// does not build the images.
func TestComposeTopology(t *testing.T) {
	needsServers(t)
	static := buildStatic(t)
	proxyAddr := "127.0.0.1:" + freePort(t)
	proxyURL := "http://" + strings.Replace(proxyAddr, "127.0.0.1", "localhost", 1)
	tenantAddr := "127.0.0.1:" + freePort(t)
	tenantURL := "http://" + tenantAddr
	start := func(what string, settings []string, args ...string) *node {
		n := &node{process: launch(t, settings, static, args...)}
		n.url = n.ready(t, what)
		t.Cleanup(func() { n.stop(t) })
		return n
	}

	start("stand-in tenant", []string{
		"TENANT_ADDR=" + tenantAddr,
		"APP_BASE_URL=" + proxyURL,
		"AUTH0_CLIENT_SECRET=" + clientSecret,
	}, "tenant")
	settings := append(tenantSettings(tenantURL+"/"),
		"ADDR=127.0.0.1:0",
		"APP_BASE_URL="+proxyURL,
		"SESSION_STORE=redis",
		"AUTH0_SECRET="+cookieSecret,
		"REDIS_URL=redis://"+startRedis(t).addr,
		"DATABASE_URL="+startPostgreSQL(t),
	)
	nodes := []*node{start("example", settings), start("example", settings)}
	startNginx(t, proxyAddr, composeProxy(t, proxyAddr, nodes))

	for _, url := range []string{
		proxyURL + "/healthz",
		nodes[0].url + "/healthz",
		tenantURL + "/.well-known/openid-configuration",
	} {
		if out, err := exec.Command(static, "healthcheck", url).CombinedOutput(); err != nil {
			t.Errorf("healthcheck %s: %v %s", url, err, out)
		}
	}

	// This tenant serves no requests. It fills in the login page of the tenant process.
	tenant := chiauth0test.New(tenantURL)
	tenant.AddUser(chiauth0test.User{Email: "superuser@example.com", Password: "password"})
	browser := chiauth0test.NewBrowser()
	resp, err := tenant.SignIn(browser, proxyURL+"/staff", "superuser@example.com")
	if err != nil {
		t.Fatal(err)
	}
	page := read(t, resp)
	if resp.StatusCode != http.StatusOK || !strings.Contains(page, "superuser@example.com") {
		t.Fatalf("the login ended with %s at %s: %s", resp.Status, resp.Request.URL, page)
	}

	askBothNodes(t, browser, proxyURL)
	nodes[0].stop(t)
	askBothNodes(t, browser, proxyURL)
	logOut(t, browser, proxyURL)
	if status, _ := get(t, browser, proxyURL+"/api/me"); status != http.StatusUnauthorized {
		t.Errorf("/api/me after the logout: got %d, want 401", status)
	}
}

// askBothNodes sends ten requests, which nginx gives to the nodes in turn.
func askBothNodes(t *testing.T, browser *http.Client, proxyURL string) {
	t.Helper()
	for range 10 {
		if status, body := get(t, browser, proxyURL+"/api/me"); status != http.StatusOK {
			t.Fatalf("/api/me: got %d %s, want 200", status, body)
		}
	}
}

// buildStatic builds the example as the Dockerfile does. The binary must not need a dynamic
// linker, which an empty image does not have.
func buildStatic(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "example")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "../../example")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("the binary is linked dynamically")
		}
	}
	return path
}

// composeProxy returns the nginx configuration in compose.yaml with the addresses of this test.
func composeProxy(t *testing.T, addr string, nodes []*node) string {
	t.Helper()
	compose, err := os.ReadFile("../../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, content, found := strings.Cut(string(compose), "\n    content: |\n")
	if !found {
		t.Fatal("compose.yaml does not end with the configuration of the proxy")
	}
	return strings.NewReplacer(
		"$$", "$",
		"node-a:8000", strings.TrimPrefix(nodes[0].url, "http://"),
		"node-b:8000", strings.TrimPrefix(nodes[1].url, "http://"),
		"listen 8000", "listen "+addr,
	).Replace(content)
}
