package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// settings is what the environment says, apart from what chiauth0.ConfigFromEnv reads.
type settings struct {
	addr       string // ADDR: where to listen; localhost:8000 by default
	baseURL    string // APP_BASE_URL: the origin under which browsers reach the application
	embedded   bool   // AUTH0_DOMAIN is not set: people log in at a stand-in tenant in this process
	tenantAddr string // TENANT_ADDR: where the stand-in listens; by default on a loopback port that the system chooses

	sessionStore string   // SESSION_STORE: memory (the default), redis or cookie
	redisURL     string   // REDIS_URL: for redis; and for cookie, where it lists the sessions that were ended. See redisurl.go
	secrets      []string // AUTH0_SECRET, divided by commas: the first seals, all of them open; required for cookie
	databaseURL  string   // DATABASE_URL: sqlite:///path or postgres://…, for the users; in memory by default
}

// readSettings reads them and refuses what must not start.
//
// The stand-in tenant lets anybody in as superuser. A deployment that lost its AUTH0_DOMAIN must not end up there, so
// where ADDR or APP_BASE_URL can be reached from elsewhere the stand-in takes DEMO=1.
func readSettings(getenv func(string) string) (settings, error) {
	set := settings{
		addr:         cmp.Or(getenv("ADDR"), "localhost:8000"),
		baseURL:      getenv("APP_BASE_URL"),
		embedded:     getenv("AUTH0_DOMAIN") == "",
		tenantAddr:   cmp.Or(getenv("TENANT_ADDR"), "127.0.0.1:0"),
		sessionStore: cmp.Or(getenv("SESSION_STORE"), inMemory),
		redisURL:     getenv("REDIS_URL"),
		secrets:      list(getenv("AUTH0_SECRET")),
		databaseURL:  getenv("DATABASE_URL"),
	}
	demo, err := readDemo(getenv)
	if set.embedded && !demo {
		err = errors.Join(err, exposed("ADDR", set.addr, addrHost(set.addr)), exposed("APP_BASE_URL", set.baseURL, urlHost(set.baseURL)))
	}
	return set, errors.Join(err, set.checkSessions())
}

// checkSessions says what the chosen session store lacks.
func (set settings) checkSessions() error {
	if !slices.Contains([]string{inMemory, inRedis, inCookies}, set.sessionStore) {
		return fmt.Errorf("SESSION_STORE=%q is none of the session stores there are: memory, redis, cookie", set.sessionStore)
	}
	var faults []error
	if set.sessionStore == inRedis && set.redisURL == "" {
		faults = append(faults, errors.New("SESSION_STORE=redis needs REDIS_URL, such as redis://localhost:6379"))
	}
	if set.sessionStore == inCookies {
		if len(set.secrets) == 0 {
			faults = append(faults, errors.New("SESSION_STORE=cookie needs AUTH0_SECRET, which seals the sessions: openssl rand -hex 32 makes one"))
		}
		for i, secret := range set.secrets {
			if len(secret) < 32 {
				faults = append(faults, fmt.Errorf("AUTH0_SECRET: secret %d has %d bytes, and needs 32: openssl rand -hex 32 makes one", i+1, len(secret)))
			}
		}
	}
	if set.sessionStore != inMemory && set.databaseURL == "" {
		// No other node knows the users in this one's memory; and after a restart, session and user 1 are two people's.
		faults = append(faults, fmt.Errorf("SESSION_STORE=%s needs DATABASE_URL, such as sqlite:///var/lib/example/users.db: "+
			"those sessions outlive this process, and the users in its memory do not", set.sessionStore))
	}
	return errors.Join(faults...)
}

// readDemo reads DEMO, which lets the stand-in tenant be reached from elsewhere.
func readDemo(getenv func(string) string) (bool, error) {
	demo, err := strconv.ParseBool(cmp.Or(getenv("DEMO"), "0"))
	if err != nil {
		return false, fmt.Errorf("DEMO=%q: set it to 1 or leave it out", getenv("DEMO"))
	}
	return demo, nil
}

// list divides a value by commas.
func list(value string) []string {
	if value == "" {
		return nil
	}
	parts := strings.Split(value, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// exposed is an error if host, taken from the variable name, can be reached from another machine.
func exposed(name, value, host string) error {
	if value == "" || isLoopback(host) {
		return nil
	}
	return fmt.Errorf("%s=%s can be reached from elsewhere: the stand-in tenant, where anybody can log in as superuser, will not "+
		"start; set AUTH0_DOMAIN to log in elsewhere, or DEMO=1 if that is what you want", name, value)
}

func addrHost(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr // net.Listen will say what is wrong with it
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

// browserURL is the URL under which a browser on this machine reaches listener, with the port that the system chose if
// addr names none.
func browserURL(addr string, listener net.Listener) string {
	host := addrHost(addr)
	if !isLoopback(host) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port(listener))
}

func port(listener net.Listener) string {
	_, port, _ := net.SplitHostPort(listener.Addr().String()) // the address of a TCP listener always has both
	return port
}
