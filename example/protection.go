package main

import (
	"fmt"
	"net/http"
	"strings"
)

// sameOrigin refuses what other sites make a browser send here, unless it changes nothing. It stands around the whole
// application, so that no form can be forgotten.
func sameOrigin(baseURL string, next http.Handler) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	if baseURL != "" {
		// An old browser, without Sec-Fetch-Site, is known by its Origin even where a proxy changes Host.
		if err := protection.AddTrustedOrigin(strings.TrimSuffix(baseURL, "/")); err != nil {
			return nil, fmt.Errorf("APP_BASE_URL: %w", err)
		}
	}
	return protection.Handler(next), nil
}

// headers are those of this application's own pages; the library's pages under /auth0 set stricter ones.
func (s *site) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.setHeaders(w.Header())
		next.ServeHTTP(w, r)
	})
}

func (s *site) setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' https:; base-uri 'none'; "+
		"frame-ancestors 'none'; form-action 'self' "+s.tenant) // browsers hold the logout form's redirect to it as well
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
}

// forPrograms makes the guards behind it answer in JSON whoever asks: a browser that opens the page is shown what a program
// would be told, and no login.
func forPrograms(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Header.Set("Accept", "application/json")
		next.ServeHTTP(w, r)
	})
}
