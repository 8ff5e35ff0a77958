package chiauth0_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// checkSettings decides whether a deployment goes on.
func checkSettings(cfg *chiauth0.Config) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := chiauth0.Check(ctx, cfg)
	if errors.Is(err, chiauth0.ErrUnavailable) {
		return fmt.Errorf("try again: %w", err)
	}
	return err
}

// A deployment fails early if a setting is wrong. Here the client secret is.
func ExampleCheck() {
	provider := httptest.NewUnstartedServer(nil)
	tenant := chiauth0test.New("http://" + provider.Listener.Addr().String())
	client := tenant.AddClient(chiauth0test.Client{})
	provider.Config.Handler = tenant
	provider.Start()
	defer provider.Close()

	cfg := &chiauth0.Config{ // or ConfigFromEnv
		Domain:       tenant.Issuer(),
		ClientID:     client.ID,
		ClientSecret: client.Secret,
		BaseURL:      "https://app.example",
		Logger:       slog.New(slog.DiscardHandler),
	}
	wrong := cfg.Clone()
	wrong.ClientSecret = "a secret that was pasted from another application"

	fmt.Println(checkSettings(cfg))
	err := checkSettings(wrong)
	fmt.Println("names the setting:", strings.Contains(err.Error(), "AUTH0_CLIENT_SECRET"))
	// Output:
	// <nil>
	// names the setting: true
}
