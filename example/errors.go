package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/chiauth0/auth/chiauth0"
)

// fail is the ErrorHandler. Browsers receive a page, programs problem+json (RFC 9457).
func (s *site) fail(w http.ResponseWriter, r *http.Request, e *chiauth0.Error) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		problem(w, e)
		return
	}
	s.setHeaders(w.Header()) // instead of the headers of the library's pages
	p := s.newPage(r, e.Title)
	if errors.Is(e, chiauth0.ErrForbidden) && p.Route.Need != "" {
		p.Title = "No access to " + p.Route.Name
		p.Need = p.Route.Need
	}
	p.Error = e
	s.render(w, r, e.Status, "error", p)
}

func problem(w http.ResponseWriter, e *chiauth0.Error) {
	writeJSON(w, "application/problem+json", e.Status, map[string]any{
		"title":  http.StatusText(e.Status),
		"status": e.Status,
		"code":   e.Code,
		"detail": e.Message,
	})
}

// writeJSON ignores an error of the client's connection.
func writeJSON(w http.ResponseWriter, contentType string, status int, value any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
