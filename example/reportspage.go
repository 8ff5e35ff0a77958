package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// api returns the URL of the reports API, or an empty string if there is none.
func (s *site) api() string {
	if len(s.cfg.APIs) == 0 {
		return ""
	}
	return s.cfg.APIs[0].URL + "reports"
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
		s.fail(w, r, apiError(err))
		return
	}
	token, err := s.tokenFacts(r.Context())
	if err != nil {
		s.fail(w, r, apiError(err))
		return
	}
	p.Reports = reportsPage{
		Configured: true,
		Status:     status,
		Reports:    list,
		Token:      token,
		Code: []*sourceLine{
			sourceOf("routes.go", `Get("/reports"`),
			sourceOf("reportspage.go", "client := chiauth0.HTTPClient"),
			sourceOf("reportsapi.go", "chiauth0.RequireBearer"),
		},
	}
	s.render(w, r, http.StatusOK, "reports", p)
}

// maxReports limits the answer of the API, in bytes.
const maxReports = 1 << 20

// fetchReports calls the API with the access token of the signed-in user. It returns no reports if
// the API does not answer 200: a user without the permission gets 403.
func (s *site) fetchReports(ctx context.Context) (status int, list []report, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.api(), nil)
	if err != nil {
		return 0, nil, err
	}

	client := chiauth0.HTTPClient(ctx, s.cfg.Audience)
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, nil, nil
	}

	body := json.NewDecoder(io.LimitReader(resp.Body, maxReports))
	if err := body.Decode(&list); err != nil {
		return 0, nil, fmt.Errorf("answer of the reports API: %w", err)
	}
	return resp.StatusCode, list, nil
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

// apiError turns an error of chiauth0.HTTPClient or AccessToken into an answer.
func apiError(err error) *chiauth0.Error {
	switch {
	case errors.Is(err, chiauth0.ErrSessionEnded):
		return &chiauth0.Error{
			Status:   http.StatusUnauthorized,
			Code:     "session_ended",
			Title:    "Log in again",
			Message:  "Auth0 has ended this login. Log in again to see the reports.",
			RetryURL: "/auth0/login?next_url=/reports",
			Err:      err,
		}
	case errors.Is(err, chiauth0.ErrNoRefreshToken):
		return &chiauth0.Error{
			Status:   http.StatusForbidden,
			Code:     "no_refresh_token",
			Title:    "Log in again",
			Message:  "The access token has expired, and this login has no refresh token.",
			RetryURL: "/auth0/login?prompt=login&next_url=/reports",
			Err:      err,
		}
	default:
		return &chiauth0.Error{
			Status:   http.StatusBadGateway,
			Code:     "api_unavailable",
			Title:    "The reports are not available",
			Message:  "The reports API does not answer. Try again in a moment.",
			RetryURL: "/reports",
			Err:      err,
		}
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
