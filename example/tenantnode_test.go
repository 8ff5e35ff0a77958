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

// Two nodes with the environment that the tenant prints share users and sessions.
func TestTwoNodesAndTheirTenant(t *testing.T) {
	var nodes [2]*httptest.Server
	var baseURLs []string
	for i := range nodes {
		nodes[i] = httptest.NewUnstartedServer(nil)
		baseURLs = append(baseURLs, "http://"+nodes[i].Listener.Addr().String())
	}
	printed := startTenantNode(t, env("TENANT_ADDR=localhost:0", "AUTH0_CLIENT_SECRET=shared",
		"APP_BASE_URL="+strings.Join(baseURLs, "/,")))
	if strings.Contains(printed, "shared") {
		t.Error("the tenant prints the client secret")
	}

	settings := regexp.MustCompile(`(?m)^  (AUTH0_\w+)=(\S+)$`).FindAllStringSubmatch(printed, -1)
	for _, setting := range settings {
		t.Setenv(setting[1], setting[2])
	}
	secret := strings.Repeat("s", 32)
	t.Setenv("AUTH0_CLIENT_SECRET", "shared")
	t.Setenv("AUTH0_SECRET", secret)
	set, err := readSettings(env("AUTH0_DOMAIN=given", "SESSION_STORE=cookie",
		"AUTH0_SECRET="+secret, "DATABASE_URL=sqlite://"+filepath.Join(t.TempDir(), "users.db")))
	if err != nil {
		t.Fatal(err)
	}
	for i, node := range nodes {
		t.Setenv("APP_BASE_URL", baseURLs[i])
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
	logInByForm(t, browser, baseURLs[0]+"/staff")
	resp, err := browser.Get(baseURLs[1] + "/staff") // cookies ignore ports
	if err != nil {
		t.Fatal(err)
	}
	page := readBody(t, resp)
	if resp.Request.URL.Path != "/staff" || !strings.Contains(page, "Sunil Superville") {
		t.Errorf("the other node: got %s at %s, want the user's page",
			resp.Status, resp.Request.URL)
	}
}

// startTenantNode runs the tenant until the test ends. It returns what the tenant prints.
func startTenantNode(t *testing.T, getenv func(string) string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- runTenant(ctx, getenv, stdout)
		stdout.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})

	printed := make([]byte, 4096)
	n := 0
	for !strings.Contains(string(printed[:n]), "superuser@example.com") {
		more, err := out.Read(printed[n:])
		if err != nil {
			t.Fatalf("%v after %q", err, printed[:n])
		}
		n += more
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return string(printed[:n])
}

// logInByForm opens a page and fills in the login form of the tenant.
func logInByForm(t *testing.T, browser *http.Client, page string) {
	t.Helper()
	resp, err := browser.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	hidden := regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`)
	form := map[string][]string{
		"username": {"superuser@example.com"},
		"password": {password},
	}
	for _, field := range hidden.FindAllStringSubmatch(readBody(t, resp), -1) {
		form[field[1]] = []string{field[2]}
	}
	resp, err = browser.PostForm(resp.Request.URL.String(), form)
	if err != nil {
		t.Fatal(err)
	}
	body := readBody(t, resp)
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, "Sunil Superville") {
		t.Fatalf("the login ended with %s at %s: %s", resp.Status, resp.Request.URL, body)
	}
}

func TestTenantNodeRefusesInvalidSettings(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context()) // a tenant that starts ends at once
	cancel()
	secret := "AUTH0_CLIENT_SECRET=hush"
	for name, tt := range map[string]struct{ env, want []string }{
		"no secret": {
			nil,
			[]string{"AUTH0_CLIENT_SECRET"},
		},
		"an address that other machines can reach": {
			[]string{secret, "TENANT_ADDR=:9000"},
			[]string{"TENANT_ADDR=:9000", "DEMO=1"},
		},
		"an issuer that other machines can reach": {
			[]string{secret, "TENANT_ISSUER=https://login.example/"},
			[]string{"TENANT_ISSUER=", "DEMO=1"},
		},
		"an address without a port": {
			[]string{secret, "TENANT_ADDR=localhost"},
			[]string{"TENANT_ADDR=localhost"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := runTenant(canceled, env(tt.env...), io.Discard)
			checkError(t, err, tt.want...)
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("the error %q contains the secret", err)
			}
		})
	}

	_, err := readTenantSettings(env(secret, "TENANT_ADDR=:9000",
		"TENANT_ISSUER=http://tenant.localhost:9000/", "DEMO=1"))
	if err != nil {
		t.Errorf("with DEMO=1: got %v, want no error", err)
	}
}
