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

// settings is what the environment says, apart from what chiauth0.ConfigFromEnv reads.
type settings struct {
	addr         string // ADDR: where to listen; localhost:8000 by default
	baseURL      string // APP_BASE_URL: the origin under which browsers reach the application
	embedded     bool   // AUTH0_DOMAIN is not set: people log in at a stand-in tenant in this process
	tenantAddr   string // TENANT_ADDR: where the stand-in listens; by default on a loopback port that the system chooses
	sessionStore string // SESSION_STORE: memory by default
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
		sessionStore: cmp.Or(getenv("SESSION_STORE"), "memory"),
	}
	demo, err := strconv.ParseBool(cmp.Or(getenv("DEMO"), "0"))
	if err != nil {
		err = fmt.Errorf("DEMO=%q: set it to 1 or leave it out", getenv("DEMO"))
	}
	if set.embedded && !demo {
		err = errors.Join(err, exposed("ADDR", set.addr, addrHost(set.addr)), exposed("APP_BASE_URL", set.baseURL, urlHost(set.baseURL)))
	}
	return set, err
}

// exposed is an error if host, taken from the variable name, can be reached from another machine.
func exposed(name, value, host string) error {
	if value == "" || isLoopback(host) {
		return nil
	}
	return fmt.Errorf("AUTH0_DOMAIN is not set, and %s=%s can be reached from elsewhere: the stand-in tenant, where "+
		"anybody can log in as superuser, will not start; set AUTH0_DOMAIN, or DEMO=1 if that is what you want", name, value)
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
