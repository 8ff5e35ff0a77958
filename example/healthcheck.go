package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// healthcheck returns an error unless the URL answers 200 within 3 seconds. A container image
// without a shell has no other HTTP client.
func healthcheck(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s, want 200", url, resp.Status)
	}
	return nil
}
