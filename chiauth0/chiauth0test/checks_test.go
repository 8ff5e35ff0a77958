package chiauth0test_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"sync"
	"testing"
)

// testKeys are two keys of clients, generated once.
var testKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

// number returns a JSON number of verified claims.
func number(claim any) int64 {
	n, _ := claim.(json.Number)
	value, _ := n.Int64()
	return value
}

// wantStatus checks the status of an answer.
func wantStatus(t *testing.T, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: status %d, want %d", what, got, want)
	}
}

// wantError checks an error answer in JSON.
func wantError(t *testing.T, status int, body map[string]any, wantStatus int, wantCode string) {
	t.Helper()
	code, _ := body["error"].(string)
	if status != wantStatus || code != wantCode {
		t.Errorf("got %d %v, want %d %s", status, body, wantStatus, wantCode)
	}
	for _, name := range []string{"access_token", "id_token", "refresh_token", "request_uri"} {
		if _, found := body[name]; found {
			t.Errorf("error answer has %s", name)
		}
	}
}

// wantClaims checks some claims of a token. A nil value means that the claim must be absent.
func wantClaims(t *testing.T, claims, want map[string]any) {
	t.Helper()
	for name, value := range want {
		got, found := claims[name]
		if value == nil && found {
			t.Errorf("claim %s is %v, want it absent", name, got)
		}
		if value != nil && got != value {
			t.Errorf("claim %s is %v, want %v", name, got, value)
		}
	}
}
