package main

import (
	"bufio"
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

// running is the application as run starts it, until the test ends.
type running struct {
	*application
	url string
}

// start starts it with what env says beside ADDR.
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
	ended := make(chan error, 2)
	go func() { ended <- serve(ctx, listener, app.handler) }()
	go func() { ended <- serve(ctx, app.tenant.listener, app.tenant) }()
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

// signIn logs in as a person would, on the way to path, and returns the browser and the page that it ended on.
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

func readBody(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// From start to a clean end: run prints the address and the accounts once it is ready, answers there, and returns nil
// when its context ends.
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
	_, visit, found := strings.Cut(strings.SplitN(printed.String(), "\n", 2)[0], "ready: ")
	if !found {
		t.Fatalf("no address in %q", printed.String())
	}
	for _, want := range []string{"AUTH0_DOMAIN is not set", "stand-in", "superuser@example.com", `"password"`} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("%q is not in %q", want, printed.String())
		}
	}
	resp, err := http.Get(visit + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if body := readBody(t, resp); resp.StatusCode != http.StatusOK || body != "ok\n" {
		t.Errorf("healthz: %d %q", resp.StatusCode, body)
	}

	cancel()
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if err := <-ended; err != nil {
		t.Errorf("run ended with %v", err)
	}
	if _, err := http.Get(visit + "/healthz"); err == nil {
		t.Error("it still answers after its end")
	}
}

func TestRunRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := map[string]struct{ env, want []string }{
		"a stand-in tenant for strangers": {[]string{"ADDR=0.0.0.0:0"}, []string{"AUTH0_DOMAIN", "DEMO=1"}},
		"an unknown session store":        {[]string{"ADDR=127.0.0.1:0", "SESSION_STORE=disk"}, []string{`"disk"`, "memory"}},
		"a Redis that no URL can mean": {
			[]string{"ADDR=127.0.0.1:0", "SESSION_STORE=redis", "REDIS_URL=localhost:6379", "DATABASE_URL=sqlite:///users.db"},
			[]string{"REDIS_URL"},
		},
		"a database of another kind": {[]string{"ADDR=127.0.0.1:0", "DATABASE_URL=mysql://root:hush@localhost/users"}, []string{"DATABASE_URL"}},
		"an address that is taken":   {[]string{"ADDR=" + taken.Addr().String()}, []string{"ADDR=" + taken.Addr().String()}},
		"a tenant address that is taken": {
			[]string{"ADDR=127.0.0.1:0", "TENANT_ADDR=" + taken.Addr().String()}, []string{"TENANT_ADDR=" + taken.Addr().String()},
		},
		"a base URL that is none": {
			[]string{"ADDR=127.0.0.1:0", "APP_BASE_URL=http://localhost:8000/path"}, []string{"APP_BASE_URL"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), env(tt.env...), io.Discard, slog.New(slog.DiscardHandler))
			if err == nil {
				t.Fatal("it started")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("%q has a password in it", err)
			}
		})
	}
}

// Cookies ignore ports: with the tenant on the application's own host name the test of a login would be same-site.
func TestTenantIsAnotherSite(t *testing.T) {
	for baseURL, want := range map[string]string{
		"http://localhost:8000": "127.0.0.1", "http://127.0.0.1:8000": "localhost", "http://[::1]:8000": "localhost",
		"https://app.example": "localhost",
	} {
		tenant, cfg, err := startTenant(t.Context(), "127.0.0.1:0", baseURL)
		if err != nil {
			t.Fatal(err)
		}
		tenant.listener.Close()
		if issuer, err := url.Parse(cfg.Domain); err != nil || issuer.Hostname() != want {
			t.Errorf("%s: the tenant is at %s, want %s", baseURL, cfg.Domain, want)
		}
	}
}

// The exit status is all that a container's health check looks at.
func TestHealthcheck(t *testing.T) {
	app := start(t)
	if err := healthcheck(t.Context(), app.url+"/healthz"); err != nil {
		t.Error(err)
	}
	for _, url := range []string{app.url + "/nowhere", "http://127.0.0.1:1/healthz", "no URL"} {
		if err := healthcheck(t.Context(), url); err == nil {
			t.Errorf("%s is healthy", url)
		}
	}
}

func TestCommand(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"tenants"}, {"tenant", "x"}, {"healthcheck"}} {
		if err := command(t.Context(), args); err == nil || !strings.Contains(err.Error(), "healthcheck URL") {
			t.Errorf("%q: error %v, want one that names the commands", args, err)
		}
	}
}
