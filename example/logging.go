package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
)

// logHandler returns the handler of LOG_FORMAT.
func logHandler(getenv func(string) string, w io.Writer) (slog.Handler, error) {
	switch format := cmp.Or(getenv("LOG_FORMAT"), "text"); format {
	case "text":
		return slog.NewTextHandler(w, nil), nil
	case "json":
		return slog.NewJSONHandler(w, nil), nil
	default:
		return nil, fmt.Errorf("LOG_FORMAT=%q: want text or json", format)
	}
}

// A noRegistration handler drops the lines about URLs that have to be registered at Auth0. The
// stand-in tenant in the same process has registered them.
type noRegistration struct{ slog.Handler }

func (h noRegistration) Handle(ctx context.Context, record slog.Record) error {
	registration := false
	record.Attrs(func(attr slog.Attr) bool {
		registration = attr.Key == "allowed_callback_url"
		return !registration
	})
	if registration {
		return nil
	}
	return h.Handler.Handle(ctx, record)
}

func (h noRegistration) WithAttrs(attrs []slog.Attr) slog.Handler {
	return noRegistration{h.Handler.WithAttrs(attrs)}
}

func (h noRegistration) WithGroup(name string) slog.Handler {
	return noRegistration{h.Handler.WithGroup(name)}
}
