package main

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestLogFormat(t *testing.T) {
	tests := map[string]string{
		"":                "msg=hello",
		"LOG_FORMAT=text": "msg=hello",
		"LOG_FORMAT=json": `"msg":"hello"`,
	}
	for setting, want := range tests {
		var out bytes.Buffer
		handler, err := logHandler(env(setting), &out)
		if err != nil {
			t.Fatalf("%q: %v", setting, err)
		}
		slog.New(handler).Info("hello")
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q: got %q, want %q in it", setting, out.String(), want)
		}
	}
	if _, err := logHandler(env("LOG_FORMAT=xml"), io.Discard); err == nil {
		t.Error("LOG_FORMAT=xml: got no error")
	}
}

func TestEmbeddedTenantLogsNoRegistration(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(noRegistration{slog.NewTextHandler(&out, nil)})
	logger = logger.With("node", 1).WithGroup("example")
	logger.Info("register", "allowed_callback_url", "http://localhost:8000/auth0/callback")
	if out.Len() > 0 {
		t.Errorf("got %q, want no line about registration", out.String())
	}
	logger.Info("login succeeded", "user", 7)
	if !strings.Contains(out.String(), "user=7") {
		t.Errorf("got %q, want other lines to pass", out.String())
	}
}
