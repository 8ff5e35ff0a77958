package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
)

// The API of the stand-in tenant and the permission that its route needs.
const (
	reportsAudience   = "https://reports.example/"
	reportsPermission = "read:reports"
)

// A report is an element of the API's answer.
type report struct {
	Month    string `json:"month"`
	Visitors int    `json:"visitors"`
	Orders   int    `json:"orders"`
}

var reports = []report{
	{"2026-08", 18_240, 611},
	{"2026-09", 21_975, 702},
	{"2026-10", 20_418, 688},
}

// listenForAPI opens the port of the reports API and adds its URL to cfg. It returns nil if there
// is no audience: access tokens are not for an API then.
func listenForAPI(ctx context.Context, cfg *chiauth0.Config) (net.Listener, error) {
	if cfg.Audience == "" {
		return nil, nil
	}
	// A free port that other machines cannot reach.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the reports API: %w", err)
	}
	address := url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/"}
	cfg.APIs = append(cfg.APIs, chiauth0.API{Audience: cfg.Audience, URL: address.String()})
	return listener, nil
}

// reportsAPI is a resource server. It has no pages and no sessions: every request needs an access
// token for the audience of cfg.
func reportsAPI(cfg *chiauth0.Config) http.Handler {
	r := chi.NewRouter()
	r.With(chiauth0.RequireBearer(cfg, "read:reports")).Get("/reports", listReports)
	return r
}

func listReports(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "private, no-store")
	writeJSON(w, "application/json", http.StatusOK, reports)
}
