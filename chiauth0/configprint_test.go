package chiauth0_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

// program is the settings of a program that holds a Config by value.
type program struct {
	Addr string
	Auth chiauth0.Config
}

// TestPrintedConfigHasNoSecrets prints a Config in all the ways in which it is held.
func TestPrintedConfigHasNoSecrets(t *testing.T) {
	t.Parallel()
	const hidden = "hidden"
	cfg := chiauth0.Config{
		Domain: "joe:hidden@tenant.eu.auth0.com", ClientID: "the-client",
		ClientSecret: "hidden-client-secret", BaseURL: "https://joe:hidden@app.example",
		Secrets: []string{"hidden-secret-of-more-than-32-bytes"},
	}
	used := validConfig()
	used.ClientID, used.ClientSecret = "the-client", "hidden-secret-of-more-than-32-bytes"
	chiauth0.Router(used)

	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%e"}
	held := map[string]any{
		"a value":               cfg,
		"a pointer":             &cfg,
		"a Config in use":       used,
		"a struct":              program{Auth: cfg},
		"a pointer to a struct": &program{Auth: cfg},
		"a slice":               []chiauth0.Config{cfg},
		"a map":                 map[string]chiauth0.Config{"auth": cfg},
		"an interface":          []any{cfg, &cfg},
	}
	for name, value := range held {
		outputs := map[string]string{}
		for _, verb := range verbs {
			outputs[verb] = fmt.Sprintf(verb, value)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%s: encoding/json: %v", name, err)
		}
		outputs["encoding/json"] = string(encoded)
		var text, object bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("text", "config", value)
		slog.New(slog.NewJSONHandler(&object, nil)).Info("json", "config", value)
		outputs["slog.TextHandler"], outputs["slog.JSONHandler"] = text.String(), object.String()

		for how, output := range outputs {
			inHex := fmt.Sprintf("%x", hidden)
			if strings.Contains(output, hidden) || strings.Contains(output, inHex) {
				t.Errorf("%s, %s: a secret is printed: %s", name, how, output)
			}
			if how != "slog.TextHandler" && !strings.Contains(output, "the-client") {
				t.Errorf("%s, %s: the client ID is missing: %s", name, how, output)
			}
		}
	}
}

// A handler that looks into values by itself gets a string.
func TestConfigIsAStringForLogHandlers(t *testing.T) {
	t.Parallel()
	cfg := validConfig()
	for name, value := range map[string]any{"a value": *cfg, "a pointer": cfg} {
		resolved := slog.AnyValue(value).Resolve()
		if resolved.Kind() != slog.KindString || resolved.String() != cfg.String() {
			t.Errorf("%s resolves to a %v, want the string %s", name, resolved.Kind(), cfg)
		}
	}
}

func TestNilConfigIsPrinted(t *testing.T) {
	t.Parallel()
	var cfg *chiauth0.Config
	if got := fmt.Sprintf("%v", cfg); got != "<nil>" {
		t.Errorf("a nil Config is printed as %q, want %q", got, "<nil>")
	}
}
