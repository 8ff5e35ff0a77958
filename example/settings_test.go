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
			settings{
				addr:         "localhost:8000",
				embedded:     true,
				tenantAddr:   "127.0.0.1:0",
				sessionStore: "memory",
			},
		},
		"everything set": {
			[]string{
				"ADDR=:80",
				"APP_BASE_URL=https://app.example",
				"AUTH0_DOMAIN=tenant.eu.auth0.com",
				"TENANT_ADDR=localhost:9",
				"SESSION_STORE=redis",
				"REDIS_URL=redis://redis",
				"AUTH0_SECRET=new, old",
				"DATABASE_URL=postgres://db",
				"DEMO=1",
			},
			settings{
				addr:         ":80",
				baseURL:      "https://app.example",
				tenantAddr:   "localhost:9",
				sessionStore: "redis",
				redisURL:     "redis://redis",
				secrets:      []string{"new", "old"},
				databaseURL:  "postgres://db",
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

// Everybody can log in at the stand-in tenant as superuser, so it does not start where other
// machines can reach it.
func TestStandInStaysOnThisMachine(t *testing.T) {
	refused := []string{
		"ADDR=:8000",
		"ADDR=0.0.0.0:8000",
		"ADDR=[::]:8000",
		"ADDR=192.0.2.1:8000",
		"ADDR=app.example:8000",
		"ADDR=localhost.app.example:8000",
		"APP_BASE_URL=https://app.example",
		"APP_BASE_URL=http://localhost@app.example",
		"APP_BASE_URL=http://127.0.0.1.app.example",
		"APP_BASE_URL=app.example",
	}
	for _, pair := range refused {
		t.Run(pair, func(t *testing.T) {
			_, err := readSettings(env(pair))
			checkError(t, err, pair, "DEMO=1")
			_, err = readSettings(env(pair, "DEMO=0"))
			checkError(t, err, pair, "DEMO=1")
			for _, other := range []string{"DEMO=1", "AUTH0_DOMAIN=tenant.eu.auth0.com"} {
				if _, err := readSettings(env(pair, other)); err != nil {
					t.Errorf("with %s: got %v, want no error", other, err)
				}
			}
		})
	}

	for _, pair := range []string{
		"ADDR=localhost:0",
		"ADDR=127.0.0.1:80",
		"ADDR=127.8.8.8:80",
		"ADDR=[::1]:80",
		"ADDR=app.localhost:80",
		"APP_BASE_URL=http://localhost:8000",
		"APP_BASE_URL=http://[::1]:8000/",
	} {
		if _, err := readSettings(env(pair)); err != nil {
			t.Errorf("%s: %v", pair, err)
		}
	}
	_, err := readSettings(env("ADDR=:8000", "APP_BASE_URL=https://app.example"))
	checkError(t, err, "ADDR=:8000", "APP_BASE_URL=https://app.example")
}

// checkError fails the test unless the error contains all of the texts.
func checkError(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want one with %q", want)
		return
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("got error %q, want %q in it", err, text)
		}
	}
}

func TestDemoIsABoolean(t *testing.T) {
	_, err := readSettings(env("DEMO=please"))
	checkError(t, err, `DEMO="please"`)
}

func TestUnknownSessionStore(t *testing.T) {
	for _, name := range []string{"mysql", "Memory", " "} {
		_, err := readSettings(env("SESSION_STORE=" + name))
		checkError(t, err, "SESSION_STORE=", "memory, redis, cookie")
	}
}

// One error names all missing variables of a session store. It contains no secret.
func TestSessionStoreSettings(t *testing.T) {
	secret := strings.Repeat("s", 32)
	database := "DATABASE_URL=sqlite:///users.db"
	tests := map[string]struct {
		env  []string
		want []string // in the error; nil for no error
	}{
		"redis alone": {
			[]string{"SESSION_STORE=redis"},
			[]string{"REDIS_URL", "DATABASE_URL"},
		},
		"cookie alone": {
			[]string{"SESSION_STORE=cookie"},
			[]string{"AUTH0_SECRET", "openssl rand", "DATABASE_URL"},
		},
		"a short second secret": {
			[]string{"SESSION_STORE=cookie", "AUTH0_SECRET=" + secret + ",short", database},
			[]string{"secret 2 has 5 bytes"},
		},
		"an empty secret": {
			[]string{"SESSION_STORE=cookie", "AUTH0_SECRET=" + secret + ",", database},
			[]string{"secret 2 has 0 bytes"},
		},
		"redis": {
			[]string{"SESSION_STORE=redis", "REDIS_URL=redis://redis", database},
			nil,
		},
		"cookie": {
			[]string{"SESSION_STORE=cookie", "AUTH0_SECRET=" + secret, database},
			nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := readSettings(env(tt.env...))
			if tt.want == nil {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			checkError(t, err, tt.want...)
			if err != nil && strings.Contains(err.Error(), "short") {
				t.Errorf("the error %q contains a secret", err)
			}
		})
	}
}
