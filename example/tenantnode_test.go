package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// A tenant of its own process, as its output tells the nodes to use it: two nodes share users and sessions.
func TestTwoNodesAndTheirTenant(t *testing.T) {
	var nodes [2]*httptest.Server
	var baseURLs []string
	for i := range nodes {
		nodes[i] = httptest.NewUnstartedServer(nil)
		baseURLs = append(baseURLs, "http://"+nodes[i].Listener.Addr().String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- runTenant(ctx, env(
			"TENANT_ADDR=localhost:0", "AUTH0_CLIENT_SECRET=shared", "APP_BASE_URL="+strings.Join(baseURLs, "/,"),
		), stdout)
		stdout.Close()
	}()
	printed := make([]byte, 4096)
	n, err := io.ReadAtLeast(out, printed, 1)
	for err == nil && !strings.Contains(string(printed[:n]), "superuser@example.com") {
		var more int
		more, err = out.Read(printed[n:])
		n += more
	}
	if err != nil {
		t.Fatalf("%v after %q", err, printed[:n])
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if strings.Contains(string(printed[:n]), "shared") {
		t.Error("the secret is printed")
	}

	users := "DATABASE_URL=sqlite://" + filepath.Join(t.TempDir(), "users.db")
	for i, node := range nodes {
		for _, setting := range regexp.MustCompile(`(?m)^  (AUTH0_\w+)=(\S+)$`).FindAllStringSubmatch(string(printed[:n]), -1) {
			t.Setenv(setting[1], setting[2])
		}
		t.Setenv("AUTH0_CLIENT_SECRET", "shared")
		t.Setenv("AUTH0_SECRET", strings.Repeat("s", 32))
		t.Setenv("APP_BASE_URL", baseURLs[i])
		set, err := readSettings(env("AUTH0_DOMAIN=given", "SESSION_STORE=cookie", "AUTH0_SECRET="+strings.Repeat("s", 32), users))
		if err != nil {
			t.Fatal(err)
		}
		app, err := build(t.Context(), set, baseURLs[i], slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(app.stop)
		node.Config.Handler = app.handler
		node.Start()
		t.Cleanup(node.Close)
	}

	browser := chiauth0test.NewBrowser()
	resp, err := browser.Get(baseURLs[0] + "/staff")
	if err != nil {
		t.Fatal(err)
	}
	page := readBody(t, resp)
	logIn := regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1)
	form := map[string][]string{"username": {"superuser@example.com"}, "password": {password}}
	for _, field := range logIn {
		form[field[1]] = []string{field[2]}
	}
	resp, err = browser.PostForm(resp.Request.URL.String(), form)
	if err != nil {
		t.Fatal(err)
	}
	if page := readBody(t, resp); resp.StatusCode != http.StatusOK || !strings.Contains(page, "Sunil Superville") {
		t.Fatalf("the login ended with %s at %s: %s", resp.Status, resp.Request.URL, page)
	}
	resp, err = browser.Get(baseURLs[1] + "/staff") // cookies ignore ports
	if err != nil {
		t.Fatal(err)
	}
	if page := readBody(t, resp); resp.Request.URL.Path != "/staff" || !strings.Contains(page, "Sunil Superville") {
		t.Errorf("the other node does not know the user: %s at %s", resp.Status, resp.Request.URL)
	}
}

func TestTenantNodeRefuses(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context()) // so that one which starts after all ends at once
	cancel()
	secret := "AUTH0_CLIENT_SECRET=hush"
	for name, tt := range map[string]struct{ env, want []string }{
		"no secret":                  {nil, []string{"AUTH0_CLIENT_SECRET"}},
		"strangers at its address":   {[]string{secret, "TENANT_ADDR=:9000"}, []string{"TENANT_ADDR=:9000", "DEMO=1"}},
		"strangers at its issuer":    {[]string{secret, "TENANT_ISSUER=https://login.example/"}, []string{"TENANT_ISSUER=", "DEMO=1"}},
		"an address that is no port": {[]string{secret, "TENANT_ADDR=localhost"}, []string{"TENANT_ADDR=localhost"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := runTenant(ended, env(tt.env...), io.Discard)
			if err == nil {
				t.Fatal("it started")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("%q has the secret in it", err)
			}
		})
	}
	if _, err := readTenantSettings(env(secret, "TENANT_ADDR=:9000", "TENANT_ISSUER=http://tenant.localhost:9000/", "DEMO=1")); err != nil {
		t.Errorf("with DEMO=1: %v", err)
	}
}
