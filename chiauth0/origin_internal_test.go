package chiauth0

import (
	"net/url"
	"testing"
)

// FuzzLoopbackHost looks for a Host header that passes as loopback and is another host in a URL:
// in development, the redirect URI is made of it.
func FuzzLoopbackHost(f *testing.F) {
	for _, host := range []string{
		"localhost", "localhost:8000", "[::1]:1", "::1", "127.0.0.1", "localhost:1@evil.example",
		"evil.example#localhost", "evil.example/.localhost", "evil.example?localhost:1",
		"localhost:", "[::1", "127.1", "0x7f.1", "localhost.", ".localhost", "a\\b.localhost",
	} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if !isLoopback(hostname(host)) {
			return
		}
		u, err := url.Parse("http://" + host + "/callback")
		if err != nil {
			return // net/http refuses such a header
		}
		if !isLoopback(u.Hostname()) || u.User != nil {
			t.Errorf("%q passes as loopback, and is the host %q in a URL", host, u.Hostname())
		}
	})
}
