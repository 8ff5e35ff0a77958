package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// settings are the environment variables of the application, except those that
// chiauth0.ConfigFromEnv reads. main.go describes them in help.
type settings struct {
	addr       string // ADDR
	baseURL    string // APP_BASE_URL
	embedded   bool   // AUTH0_DOMAIN is not set: the stand-in tenant runs in this process
	tenantAddr string // TENANT_ADDR

	sessionStore string   // SESSION_STORE
	redisURL     string   // REDIS_URL; see redisurl.go
	secrets      []string // AUTH0_SECRET: the first seals, all open
	databaseURL  string   // DATABASE_URL
}

// readSettings reads and checks the environment.
//
// Everybody can log in at the stand-in tenant as superuser. A deployment that lost its AUTH0_DOMAIN
// must not use it. The stand-in therefore needs DEMO=1 if other machines can reach ADDR or
// APP_BASE_URL.
func readSettings(getenv func(string) string) (settings, error) {
	set := settings{
		addr:         cmp.Or(getenv("ADDR"), "localhost:8000"),
		baseURL:      getenv("APP_BASE_URL"),
		embedded:     getenv("AUTH0_DOMAIN") == "",
		tenantAddr:   cmp.Or(getenv("TENANT_ADDR"), "127.0.0.1:0"),
		sessionStore: cmp.Or(getenv("SESSION_STORE"), inMemory),
		redisURL:     getenv("REDIS_URL"),
		secrets:      splitList(getenv("AUTH0_SECRET")),
		databaseURL:  getenv("DATABASE_URL"),
	}
	demo, err := readDemo(getenv)
	faults := []error{err}
	if set.embedded && !demo {
		faults = append(faults,
			exposed("ADDR", set.addr, addrHost(set.addr)),
			exposed("APP_BASE_URL", set.baseURL, urlHost(set.baseURL)))
	}
	faults = append(faults, set.checkSessions()...)
	return set, errors.Join(faults...)
}

// checkSessions returns an error for each variable that the session store lacks.
func (set settings) checkSessions() (faults []error) {
	switch set.sessionStore {
	case inMemory:
		return nil
	case inRedis:
		if set.redisURL == "" {
			faults = append(faults, errors.New("REDIS_URL is not set: SESSION_STORE=redis "+
				"needs it, such as redis://localhost:6379"))
		}
	case inCookies:
		faults = append(faults, set.checkSecrets()...)
	default:
		return []error{fmt.Errorf("SESSION_STORE=%q: want one of memory, redis, cookie",
			set.sessionStore)}
	}
	if set.databaseURL == "" {
		// Other nodes do not have the users in the memory of this one. After a restart, a new user
		// could have the id of an old session's user.
		faults = append(faults, fmt.Errorf("DATABASE_URL is not set: SESSION_STORE=%s needs it, "+
			"such as sqlite:///var/lib/example/users.db, because the sessions outlive this process",
			set.sessionStore))
	}
	return faults
}

func (set settings) checkSecrets() (faults []error) {
	const advice = "openssl rand -hex 32 prints a secret"
	if len(set.secrets) == 0 {
		faults = append(faults, errors.New(
			"AUTH0_SECRET is not set: SESSION_STORE=cookie seals the sessions with it; "+advice))
	}
	for i, secret := range set.secrets {
		if len(secret) < 32 {
			faults = append(faults, fmt.Errorf("AUTH0_SECRET: secret %d has %d bytes, want 32 "+
				"or more; %s", i+1, len(secret), advice))
		}
	}
	return faults
}

// readDemo reads DEMO, which lets the stand-in tenant start where other machines can reach it.
func readDemo(getenv func(string) string) (bool, error) {
	value := getenv("DEMO")
	demo, err := strconv.ParseBool(cmp.Or(value, "0"))
	if err != nil {
		return false, fmt.Errorf("DEMO=%q: want 1, or no value", value)
	}
	return demo, nil
}

// splitList splits a value at commas.
func splitList(value string) []string {
	if value == "" {
		return nil
	}
	parts := strings.Split(value, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// exposed returns an error if other machines can reach host, which is part of the variable's value.
func exposed(name, value, host string) error {
	if value == "" || isLoopback(host) {
		return nil
	}
	return fmt.Errorf("%s=%s: other machines can reach it, and everybody can log in at the "+
		"stand-in tenant as superuser; set AUTH0_DOMAIN, or DEMO=1 to start it anyway", name, value)
}

func addrHost(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr // net.Listen returns an error for this address
	}
	return host
}

func urlHost(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.Hostname()
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// browserURL returns the URL of listener for a browser on this machine.
func browserURL(addr string, listener net.Listener) string {
	host := addrHost(addr)
	if !isLoopback(host) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port(listener))
}

// port returns the port of a TCP listener, whose address always has one.
func port(listener net.Listener) string {
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}
