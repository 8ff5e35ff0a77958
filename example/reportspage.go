package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chiauth0/auth/chiauth0"
)

// A reportsPage is the data of the reports page.
type reportsPage struct {
	Configured bool // there is an API
	Status     int  // of its answer
	Reports    []report
	Token      tokenFacts
	Code       []*sourceLine
}

// tokenFacts describes an access token without its value.
type tokenFacts struct {
	Audience string
	Scopes   []string
	Expiry   time.Time
	Left     string // until the expiry
}

// reports shows the answer of the reports API, and which access token it was sent.
func (s *site) reports(w http.ResponseWriter, r *http.Request) {
	p := s.newPage(r, routeOf(r.URL.Path).Name)
	if s.api() == "" {
		s.render(w, r, http.StatusOK, "reports", p)
		return
	}

	status, list, err := s.fetchReports(r.Context())
	if err != nil {
		s.failAPI(w, r, err)
		return
	}
	token, err := s.tokenFacts(r.Context())
	if err != nil {
		s.failAPI(w, r, err)
		return
	}
	p.Reports = reportsPage{
		Configured: true,
		Status:     status,
		Reports:    list,
		Token:      token,
		Code: []*sourceLine{
			sourceOf("routes.go", `Get("/reports"`),
			sourceOf("reportsclient.go", "chiauth0.HTTPClient("),
			sourceOf("reportsapi.go", "chiauth0.RequireBearer"),
		},
	}
	s.render(w, r, http.StatusOK, "reports", p)
}

// failAPI answers a request whose call of the API has failed.
func (s *site) failAPI(w http.ResponseWriter, r *http.Request, err error) {
	s.cfg.Logger.WarnContext(r.Context(), "call of the reports API failed", "err", err)
	s.fail(w, r, apiError(err))
}

func (s *site) tokenFacts(ctx context.Context) (tokenFacts, error) {
	token, err := chiauth0.AccessToken(ctx, s.cfg.Audience)
	if err != nil {
		return tokenFacts{}, err
	}
	scope, _ := token.Extra("scope").(string)
	return tokenFacts{
		Audience: s.cfg.Audience,
		Scopes:   strings.Fields(scope),
		Expiry:   token.Expiry,
		Left:     roundedLeft(token.Expiry),
	}, nil
}

// roundedLeft returns the time until an expiry in words.
func roundedLeft(expiry time.Time) string {
	if expiry.IsZero() {
		return "unknown"
	}
	left := time.Until(expiry)
	minutes := int(left.Minutes())
	switch {
	case left <= 0:
		return "expired"
	case minutes >= 120:
		return fmt.Sprintf("%d hours", minutes/60)
	case minutes >= 2:
		return fmt.Sprintf("%d minutes", minutes)
	default:
		return fmt.Sprintf("%d seconds", int(left.Seconds()))
	}
}

// live shows a page whose script calls the reports API through the application.
func (s *site) live(w http.ResponseWriter, r *http.Request) {
	p := s.newPage(r, routeOf(r.URL.Path).Name)
	p.Reports.Configured = s.api() != ""
	p.Reports.Code = []*sourceLine{
		sourceOf("routes.go", `Get("/live"`),
		sourceOf("routes.go", "chiauth0.Proxy"),
	}
	s.render(w, r, http.StatusOK, "live", p)
}
