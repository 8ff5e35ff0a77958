package main

import (
	"reflect"
	"strings"
	"testing"
)

func env(pairs ...string) func(string) string {
	values := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

func TestReadSettings(t *testing.T) {
	tests := map[string]struct {
		env  []string
		want settings
	}{
		"nothing set": {
			nil,
			settings{addr: "localhost:8000", embedded: true, tenantAddr: "127.0.0.1:0", sessionStore: "memory"},
		},
		"everything set": {
			[]string{
				"ADDR=:80", "APP_BASE_URL=https://app.example", "AUTH0_DOMAIN=tenant.eu.auth0.com", "TENANT_ADDR=localhost:9",
				"SESSION_STORE=redis", "REDIS_URL=redis://redis", "AUTH0_SECRET=new, old", "DATABASE_URL=postgres://db", "DEMO=1",
			},
			settings{
				addr: ":80", baseURL: "https://app.example", tenantAddr: "localhost:9", sessionStore: "redis",
				redisURL: "redis://redis", secrets: []string{"new", "old"}, databaseURL: "postgres://db",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readSettings(env(tt.env...))
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

// The stand-in tenant lets anybody in as superuser, so it must not start where others could reach it.
func TestStandInStaysOnThisMachine(t *testing.T) {
	refused := []string{
		"ADDR=:8000", "ADDR=0.0.0.0:8000", "ADDR=[::]:8000", "ADDR=192.0.2.1:8000", "ADDR=app.example:8000",
		"ADDR=localhost.app.example:8000", "APP_BASE_URL=https://app.example", "APP_BASE_URL=http://localhost@app.example",
		"APP_BASE_URL=http://127.0.0.1.app.example", "APP_BASE_URL=app.example",
	}
	for _, pair := range refused {
		name, _, _ := strings.Cut(pair, "=")
		t.Run(pair, func(t *testing.T) {
			_, err := readSettings(env(pair))
			if err == nil || !strings.Contains(err.Error(), pair) || !strings.Contains(err.Error(), "DEMO=1") {
				t.Errorf("error %v, want one that names %s and DEMO=1", err, pair)
			}
			if _, err := readSettings(env(pair, "DEMO=0")); err == nil {
				t.Error("DEMO=0 lets it start")
			}
			if _, err := readSettings(env(pair, "DEMO=1")); err != nil {
				t.Errorf("%s with DEMO=1: %v", name, err)
			}
			if _, err := readSettings(env(pair, "AUTH0_DOMAIN=tenant.eu.auth0.com")); err != nil {
				t.Errorf("%s with a real tenant: %v", name, err)
			}
		})
	}

	for _, pair := range []string{
		"ADDR=localhost:0", "ADDR=127.0.0.1:80", "ADDR=127.8.8.8:80", "ADDR=[::1]:80", "ADDR=app.localhost:80",
		"APP_BASE_URL=http://localhost:8000", "APP_BASE_URL=http://[::1]:8000/",
	} {
		if _, err := readSettings(env(pair)); err != nil {
			t.Errorf("%s: %v", pair, err)
		}
	}
	if _, err := readSettings(env("ADDR=:8000", "APP_BASE_URL=https://app.example")); err == nil ||
		!strings.Contains(err.Error(), "ADDR=") || !strings.Contains(err.Error(), "APP_BASE_URL=") {
		t.Errorf("error %v, want both variables in it", err)
	}
}

func TestDemoIsABoolean(t *testing.T) {
	if _, err := readSettings(env("DEMO=please")); err == nil || !strings.Contains(err.Error(), `DEMO="please"`) {
		t.Errorf("error %v, want one that names DEMO", err)
	}
}

func TestUnknownSessionStore(t *testing.T) {
	for _, name := range []string{"mysql", "Memory", " "} {
		_, err := readSettings(env("SESSION_STORE=" + name))
		if err == nil || !strings.Contains(err.Error(), "SESSION_STORE=") || !strings.Contains(err.Error(), "memory, redis, cookie") {
			t.Errorf("SESSION_STORE=%q: error %v, want one that lists the stores", name, err)
		}
	}
}

// What is missing for a session store is said at start, all of it, and no secret is repeated.
func TestSessionStoreSettings(t *testing.T) {
	secret := strings.Repeat("s", 32)
	tests := map[string]struct {
		env  []string
		want []string // in the error; none means that there is none
	}{
		"redis alone":  {[]string{"SESSION_STORE=redis"}, []string{"REDIS_URL", "DATABASE_URL"}},
		"cookie alone": {[]string{"SESSION_STORE=cookie"}, []string{"AUTH0_SECRET", "openssl rand", "DATABASE_URL"}},
		"a second secret that is short": {
			[]string{"SESSION_STORE=cookie", "AUTH0_SECRET=" + secret + ",short", "DATABASE_URL=sqlite:///users.db"},
			[]string{"secret 2 has 5 bytes"},
		},
		"an empty secret": {
			[]string{"SESSION_STORE=cookie", "AUTH0_SECRET=" + secret + ",", "DATABASE_URL=sqlite:///users.db"},
			[]string{"secret 2 has 0 bytes"},
		},
		"redis":  {[]string{"SESSION_STORE=redis", "REDIS_URL=redis://redis", "DATABASE_URL=sqlite:///users.db"}, nil},
		"cookie": {[]string{"SESSION_STORE=cookie", "AUTH0_SECRET=" + secret, "DATABASE_URL=sqlite:///users.db"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := readSettings(env(tt.env...))
			if (err == nil) != (tt.want == nil) {
				t.Fatalf("error %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
			if err != nil && strings.Contains(err.Error(), "short") {
				t.Errorf("%q has a secret in it", err)
			}
		})
	}
}
