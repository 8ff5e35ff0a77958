package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/chiauth0/auth/chiauth0"
)

// fail is the ErrorHandler: people get a page, and programs a problem+json (RFC 9457). Without one, chiauth0 answers the
// same, on plainer pages.
func (s *site) fail(w http.ResponseWriter, r *http.Request, e *chiauth0.Error) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		problem(w, e)
		return
	}
	s.setHeaders(w.Header()) // over those of the library's pages
	p := s.newPage(r, http.StatusText(e.Status))
	if errors.Is(e, chiauth0.ErrForbidden) {
		p.Title = p.Route.Name // a page of its own kind: what was asked for, and that it was refused
	}
	p.Error = e
	s.render(w, r, e.Status, "error", p)
}

func problem(w http.ResponseWriter, e *chiauth0.Error) {
	writeJSON(w, "application/problem+json", e.Status, map[string]any{
		"title": http.StatusText(e.Status), "status": e.Status, "code": e.Code, "detail": e.Message,
	})
}

func writeJSON(w http.ResponseWriter, contentType string, status int, value any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // fails only when the client has gone
}
