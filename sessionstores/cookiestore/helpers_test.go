package cookiestore_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
)

var (
	secret = strings.Repeat("s", 32)
	other  = strings.Repeat("o", 32)
)

// site is an application with one manager: /put?v=… puts a value into the session, /get answers with it, /renew and
// /login give it another token, /destroy ends it.
type site struct {
	http.Handler
	sessions *scs.SessionManager
}

func newSite(store scs.Store) site {
	m := sessionstores.New(store)
	mux := http.NewServeMux()
	mux.HandleFunc("/put", func(_ http.ResponseWriter, r *http.Request) { m.Put(r.Context(), "v", r.FormValue("v")) })
	mux.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(m.GetString(r.Context(), "v"))) })
	mux.HandleFunc("/renew", func(_ http.ResponseWriter, r *http.Request) { _ = m.RenewToken(r.Context()) })
	mux.HandleFunc("/login", func(_ http.ResponseWriter, r *http.Request) { _ = sessionstores.Renew(r.Context(), m) })
	mux.HandleFunc("/destroy", func(_ http.ResponseWriter, r *http.Request) { _ = m.Destroy(r.Context()) })
	mux.HandleFunc("/record", func(w http.ResponseWriter, r *http.Request) {
		if v := r.FormValue("v"); v != "" {
			_ = sessionstores.SetRecord(r.Context(), m, []byte(v))
			return
		}
		record, _ := sessionstores.Record(r.Context(), m)
		_, _ = w.Write(record)
	})
	return site{sessionstores.Middleware(m)(mux), m}
}

// browser keeps cookies as browsers do, for one site and path.
type browser map[string]string

func (b browser) get(t *testing.T, h http.Handler, url string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	for name, value := range b {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b, c.Name)
		} else {
			b[c.Name] = c.Value
		}
	}
	return w
}

// value is what /get answers.
func (b browser) value(t *testing.T, s site) string {
	t.Helper()
	return b.get(t, s, "/get").Body.String()
}

func signedIn(t *testing.T, s site, value string) browser {
	t.Helper()
	b := browser{}
	b.get(t, s, "/put?v="+value)
	if got := b.value(t, s); got != value {
		t.Fatalf("after /put?v=%.20s /get answers %.20q", value, got)
	}
	return b
}

func newStore() *cookiestore.Store { return cookiestore.New(secret) }
