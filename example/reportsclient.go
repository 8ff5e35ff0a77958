package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/chiauth0/auth/chiauth0"
)

// api returns the URL of the reports API, or an empty string if there is none.
func (s *site) api() string {
	if len(s.cfg.APIs) == 0 {
		return ""
	}
	return s.cfg.APIs[0].URL
}

// maxReports limits the answer of the API, in bytes.
const maxReports = 1 << 20

// fetchReports calls the API with the access token of the signed-in user. It returns no reports if
// the API does not answer 200: a user without the permission gets 403.
func (s *site) fetchReports(ctx context.Context) (status int, list []report, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.api()+"reports", nil)
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

// apiError turns an error of the client or of chiauth0.AccessToken into an answer.
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
