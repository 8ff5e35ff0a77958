package chiauth0

import (
	"fmt"
	"io"
	"log/slog"
)

// The methods in this file have value receivers, so that a Config by value, inside of a struct and
// behind a pointer is printed without its secrets.

// String returns which application a Config is for, without secrets.
func (c Config) String() string {
	return fmt.Sprintf("chiauth0.Config{Domain: %q, ClientID: %q, BaseURL: %q}",
		maskURL(c.Domain), c.ClientID, maskURL(c.BaseURL))
}

// Format implements fmt.Formatter. All verbs print what String returns. It cannot help where fmt
// does not call it: for %p of a value, and for a Config by value in an unexported field.
func (c Config) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, c.String())
}

// LogValue implements slog.LogValuer.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText implements encoding.TextMarshaler, which encoding/json and the handlers of log/slog
// use for a Config inside of another value.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
