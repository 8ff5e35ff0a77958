package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// running is an application with its servers.
type running struct {
	*application
	url string
}

// start starts an application with ADDR and the given environment. The test's cleanup stops it.
func start(t *testing.T, pairs ...string) running {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	set, err := readSettings(env(append(pairs, "ADDR="+listener.Addr().String())...))
	if err != nil {
		t.Fatal(err)
	}
	visit := browserURL(set.addr, listener)
	app, err := build(t.Context(), set, visit, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1+len(app.servers))
	go func() { ended <- serve(ctx, listener, app.handler) }()
	for _, server := range app.servers {
		go func() { ended <- serve(ctx, server.listener, server.handler) }()
	}
	t.Cleanup(func() {
		cancel()
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Errorf("server: %v", err)
			}
		}
		app.stop()
	})
	return running{app, visit}
}

// signIn logs in for a path. It returns the browser, and the status and text of the last page.
func (a running) signIn(t *testing.T, email, path string) (*http.Client, int, string) {
	t.Helper()
	browser := chiauth0test.NewBrowser()
	resp, err := a.tenant.SignIn(browser, a.url+path, email)
	if err != nil {
		t.Fatal(err)
	}
	return browser, resp.StatusCode, readBody(t, resp)
}

func (a running) get(t *testing.T, browser *http.Client, path string) (*http.Response, string) {
	t.Helper()
	resp, err := browser.Get(a.url + path)
	if err != nil {
		t.Fatal(err)
	}
	return resp, readBody(t, resp)
}

// status returns the status of /api/me: 200 for a signed-in user, 401 without a session.
func (a running) status(t *testing.T, browser *http.Client) int {
	t.Helper()
	resp, _ := a.get(t, browser, "/api/me")
	return resp.StatusCode
}

func readBody(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// run prints the URL in its first line and the test accounts after it. It returns nil when its
// context ends.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, env("ADDR=127.0.0.1:0"), stdout, slog.New(slog.DiscardHandler))
		stdout.Close()
	}()

	var printed strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "inactive@example.com") {
		printed.WriteString(lines.Text() + "\n")
	}
	first, _, _ := strings.Cut(printed.String(), "\n")
	visit, found := strings.CutPrefix(first, "The example is ready: ")
	if !found {
		t.Fatalf("the first line is %q, want the URL", first)
	}
	for _, want := range []string{
		"AUTH0_DOMAIN is not set", "stand-in", "superuser@example.com", `"password"`,
	} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("got %q, want %q in it", printed.String(), want)
		}
	}
	resp, err := http.Get(visit + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if body := readBody(t, resp); resp.StatusCode != http.StatusOK || body != "ok\n" {
		t.Errorf("/healthz: got %d %q, want 200 ok", resp.StatusCode, body)
	}

	cancel()
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if err := <-ended; err != nil {
		t.Errorf("run returned %v, want nil", err)
	}
	if _, err := http.Get(visit + "/healthz"); err == nil {
		t.Error("the application answers after the end of run")
	}
}

func TestRunRefusesInvalidSettings(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	takenAddr := taken.Addr().String()
	tests := map[string]struct{ env, want []string }{
		"a stand-in tenant that other machines can reach": {
			[]string{"ADDR=0.0.0.0:0"},
			[]string{"AUTH0_DOMAIN", "DEMO=1"},
		},
		"an unknown session store": {
			[]string{"ADDR=127.0.0.1:0", "SESSION_STORE=disk"},
			[]string{`"disk"`, "memory"},
		},
		"a Redis URL without a scheme": {
			[]string{
				"ADDR=127.0.0.1:0", "SESSION_STORE=redis", "REDIS_URL=localhost:6379",
				"DATABASE_URL=sqlite:///users.db",
			},
			[]string{"REDIS_URL"},
		},
		"an unsupported database": {
			[]string{"ADDR=127.0.0.1:0", "DATABASE_URL=mysql://root:hush@localhost/users"},
			[]string{"DATABASE_URL"},
		},
		"an address in use": {
			[]string{"ADDR=" + takenAddr},
			[]string{"ADDR=" + takenAddr},
		},
		"a tenant address in use": {
			[]string{"ADDR=127.0.0.1:0", "TENANT_ADDR=" + takenAddr},
			[]string{"TENANT_ADDR=" + takenAddr},
		},
		"a base URL with a path": {
			[]string{"ADDR=127.0.0.1:0", "APP_BASE_URL=http://localhost:8000/path"},
			[]string{"APP_BASE_URL"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), env(tt.env...), io.Discard, slog.New(slog.DiscardHandler))
			if err == nil {
				t.Fatal("run returned no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got error %q, want %q in it", err, want)
				}
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the error %q contains the password", err)
			}
		})
	}
}

// The tenant's host name differs from the application's, so that the callback is cross-site.
func TestTenantHasAnotherHostName(t *testing.T) {
	for baseURL, want := range map[string]string{
		"http://localhost:8000": "127.0.0.1",
		"http://127.0.0.1:8000": "localhost",
		"http://[::1]:8000":     "localhost",
		"https://app.example":   "localhost",
	} {
		tenant, cfg, err := startTenant(t.Context(), "127.0.0.1:0", baseURL)
		if err != nil {
			t.Fatal(err)
		}
		tenant.listener.Close()
		issuer, err := url.Parse(cfg.Domain)
		if err != nil {
			t.Fatal(err)
		}
		if got := issuer.Hostname(); got != want {
			t.Errorf("application at %s: the tenant is at %s, want %s", baseURL, got, want)
		}
	}
}

func TestHealthcheck(t *testing.T) {
	app := start(t)
	if err := healthcheck(t.Context(), app.url+"/healthz"); err != nil {
		t.Errorf("/healthz: got %v, want nil", err)
	}
	for _, url := range []string{app.url + "/nowhere", "http://127.0.0.1:1/healthz", "no URL"} {
		if err := healthcheck(t.Context(), url); err == nil {
			t.Errorf("%s: got no error", url)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, arg := range []string{"--help", "-h", "help"} {
		var out bytes.Buffer
		if err := command(t.Context(), []string{arg}, &out); err != nil {
			t.Errorf("%s: %v", arg, err)
		}
		for _, want := range []string{"healthcheck URL", "SESSION_STORE", "LOG_FORMAT"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: got %q, want %q in it", arg, out.String(), want)
			}
		}
	}
}

func TestUnknownArguments(t *testing.T) {
	for _, args := range [][]string{{"-x"}, {"tenants"}, {"tenant", "x"}, {"healthcheck"}} {
		err := command(t.Context(), args, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "healthcheck URL") {
			t.Errorf("%q: got error %v, want the list of commands", args, err)
		}
	}
}

// An application starts while Redis is down, with a warning in its log.
func TestPingWarnsAboutRedis(t *testing.T) {
	app := start(t, "SESSION_STORE=redis", "REDIS_URL=redis://127.0.0.1:1",
		"DATABASE_URL=sqlite://"+t.TempDir()+"/users.db")
	var log bytes.Buffer
	app.ping(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
	if !strings.Contains(log.String(), "REDIS_URL") {
		t.Errorf("got %q, want a warning that names REDIS_URL", log.String())
	}
	if strings.Contains(log.String(), "DATABASE_URL") {
		t.Errorf("got %q, want no warning about the database", log.String())
	}

	app.users.db.Close()
	app.ping(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
	if !strings.Contains(log.String(), "DATABASE_URL") {
		t.Errorf("got %q, want a warning that names DATABASE_URL", log.String())
	}
}
