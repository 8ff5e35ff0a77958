package chiauth0_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

func TestPrintingAConfig(t *testing.T) {
	cfg := &chiauth0.Config{
		Domain: "tenant.eu.auth0.com", ClientID: "the-client", ClientSecret: "hidden-client-secret",
		Secrets: []string{"hidden-secret-of-more-than-32-bytes"},
	}
	var printed bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&printed, verb, cfg)
	}
	slog.New(slog.NewTextHandler(&printed, nil)).Info("text", "config", cfg)
	slog.New(slog.NewJSONHandler(&printed, nil)).Info("json", "config", cfg)
	if strings.Contains(printed.String(), "hidden") {
		t.Errorf("F1: a secret is printed: %s", printed.String())
	}
	if got := strings.Count(printed.String(), "the-client"); got != 6 {
		t.Errorf("the client is named %d times, want 6: %s", got, printed.String())
	}
}
