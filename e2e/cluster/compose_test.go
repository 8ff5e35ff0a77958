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

// What compose.yaml describes, without containers: the binary of the Dockerfile as two nodes and as their tenant, Redis,
// PostgreSQL, and nginx with the configuration that is in compose.yaml. What is not shown here is that the images start.
func TestComposeTopology(t *testing.T) {
	onlyInE2E(t)
	static := buildStatic(t)
	proxyURL, tenantURL := "http://localhost:"+freePort(t), "http://127.0.0.1:"+freePort(t)
	run := func(what string, settings []string, args ...string) *node {
		n := &node{process: launch(t, settings, static, args...)}
		n.url = n.ready(t, what)
		t.Cleanup(func() { n.stop(t) })
		return n
	}
	run("stand-in tenant", []string{
		"TENANT_ADDR=" + strings.TrimPrefix(tenantURL, "http://"), "APP_BASE_URL=" + proxyURL, "AUTH0_CLIENT_SECRET=" + secret,
	}, "tenant")
	settings := append(tenantSettings(tenantURL+"/"), "ADDR=127.0.0.1:0", "APP_BASE_URL="+proxyURL, "SESSION_STORE=redis",
		"AUTH0_SECRET="+strings.Repeat("s", 32), "REDIS_URL=redis://"+startRedis(t).addr, "DATABASE_URL="+startPostgreSQL(t))
	nodes := []*node{run("example", settings), run("example", settings)}
	startProxy(t, proxyURL, nodes)

	for _, url := range []string{proxyURL + "/healthz", nodes[0].url + "/healthz", tenantURL + "/.well-known/openid-configuration"} {
		if out, err := exec.Command(static, "healthcheck", url).CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", url, err, out)
		}
	}

	// The tenant is another process: this one only knows how to fill in its login page, with an account that is the same.
	tenant := chiauth0test.New(tenantURL)
	tenant.AddUser(chiauth0test.User{Email: "superuser@example.com", Password: "password"})
	browser := chiauth0test.NewBrowser()
	resp, err := tenant.SignIn(browser, proxyURL+"/staff", "superuser@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if page := read(t, resp); resp.StatusCode != http.StatusOK || !strings.Contains(page, "superuser@example.com") {
		t.Fatalf("the login ended with %s at %s: %s", resp.Status, resp.Request.URL, page)
	}
	askOften := func() {
		t.Helper()
		for range 10 { // both nodes, in turn
			if status, body := get(t, browser, proxyURL+"/api/me"); status != http.StatusOK {
				t.Fatalf("%d %s", status, body)
			}
		}
	}
	askOften()
	nodes[0].stop(t)
	askOften()
	if status, body := post(t, browser, proxyURL+"/auth0/logout", nil); status != http.StatusOK || !strings.Contains(body, "Go to Login") {
		t.Errorf("the logout ended with %d %s", status, body)
	}
	if status, _ := get(t, browser, proxyURL+"/api/me"); status != http.StatusUnauthorized {
		t.Errorf("after the logout: %d", status)
	}
}

// buildStatic builds the example as the Dockerfile does, and checks that it needs nothing that is not in an empty image.
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

// startProxy starts nginx with the configuration in compose.yaml, its addresses replaced by those of this test.
func startProxy(t *testing.T, url string, nodes []*node) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Fatal(err)
	}
	compose, err := os.ReadFile("../../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, content, found := strings.Cut(string(compose), "\n    content: |\n")
	if !found {
		t.Fatal("compose.yaml has no configuration of the load balancer at its end")
	}
	addr := strings.TrimPrefix(url, "http://localhost")
	server := strings.NewReplacer("$$", "$", "node-a:8000", strings.TrimPrefix(nodes[0].url, "http://"),
		"node-b:8000", strings.TrimPrefix(nodes[1].url, "http://"), "listen 8000", "listen 127.0.0.1"+addr).Replace(content)

	dir := t.TempDir()
	temp := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temp += kind + "_temp_path " + filepath.Join(dir, kind) + ";\n"
	}
	conf := filepath.Join(dir, "nginx.conf")
	text := "daemon off;\nmaster_process off;\npid " + filepath.Join(dir, "pid") + ";\nerror_log stderr;\n" +
		"events { worker_connections 64; }\nhttp {\naccess_log off;\n" + temp + server + "}\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, nil, program, "-c", conf, "-p", dir, "-e", "stderr")
	until(t, "the load balancer answers", func() bool {
		resp, err := http.Get(url + "/healthz")
		if err != nil {
			return strings.Contains(p.output.String(), "[emerg]")
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	if out := p.output.String(); strings.Contains(out, "[emerg]") {
		t.Fatal(out)
	}
}
