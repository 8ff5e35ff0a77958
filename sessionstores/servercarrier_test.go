package sessionstores

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A store may keep a session for longer than it is told to.
func TestDeadlineIsCheckedWhenASessionIsLoaded(t *testing.T) {
	store := entryStore{}
	m := New(store)
	values, err := m.Codec.Encode(time.Now(), map[string]any{"user": "ann"})
	if err != nil {
		t.Fatal(err)
	}
	p := payload{deadline: time.Now().Add(-time.Second), values: values}
	e := plainEntry{data: p.encode(), expiry: time.Now().Add(time.Hour)}
	token := strings.Repeat("t", tokenLen)
	store[keyOf(token)] = e.encode()

	ctx, err := m.Load(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.GetString(ctx, "user"); got != "" {
		t.Errorf("outside of a request: got the user %q, want none", got)
	}

	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: m.Cookie.Name, Value: token})
	read := func(_ http.ResponseWriter, r *http.Request) {
		if got := m.GetString(r.Context(), "user"); got != "" {
			t.Errorf("in a request: got the user %q, want none", got)
		}
	}
	Middleware(m)(http.HandlerFunc(read)).ServeHTTP(httptest.NewRecorder(), r)
	if len(store) != 0 {
		t.Errorf("entries in the store: got %d, want the expired session deleted", len(store))
	}
}
