package main

import (
	"fmt"
	"net/http"
	"strings"
)

// sameOrigin refuses unsafe requests from other origins with 403. It wraps the whole application,
// so it covers every form.
func sameOrigin(baseURL string, next http.Handler) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	if baseURL != "" {
		// Browsers without Sec-Fetch-Site send Origin, which differs from Host behind some proxies.
		err := protection.AddTrustedOrigin(strings.TrimSuffix(baseURL, "/"))
		if err != nil {
			return nil, fmt.Errorf("APP_BASE_URL: %w", err)
		}
	}
	return protection.Handler(next), nil
}

// headers sets the headers of the application's pages. The library's pages under /auth0 set
// stricter ones.
func (s *site) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.setHeaders(w.Header())
		next.ServeHTTP(w, r)
	})
}

// setHeaders allows forms to the tenant: browsers apply form-action to the redirect of a logout.
func (s *site) setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'",
		"style-src 'self'",
		"script-src 'self'",
		"connect-src 'self'",
		"img-src 'self' https:",
		"base-uri 'none'",
		"frame-ancestors 'none'",
		"form-action 'self' " + s.tenant,
	}, "; "))
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
}

// forPrograms makes the guards after it answer in JSON for browsers, too.
func forPrograms(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Header.Set("Accept", "application/json")
		r.Header.Del("Sec-Fetch-Mode") // "navigate" in the address bar
		next.ServeHTTP(w, r)
	})
}
