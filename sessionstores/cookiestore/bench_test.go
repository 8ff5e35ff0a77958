package cookiestore_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-jose/go-jose/v4"
	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"github.com/chiauth0/auth/sessionstores"
)

// identity and tokens are what a login leaves: 312 bytes that every request reads, and 2,750 that nearly none does.
var (
	identity = strings.Repeat("identity", 39)
	tokens   = strings.Repeat("token.body", 275)
)

// BenchmarkRequest is a whole request of somebody who is signed in, with the identity read and the tokens not. Beside it bare
// chi, and the same payload in the cookies that others make: gorilla/sessions, signed and encrypted, and a JWE as Auth0's
// Next.js SDK seals one (A256GCM under a key of its own, which go-jose does in its "dir" mode).
func BenchmarkRequest(b *testing.B) {
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }

	b.Run("chi", func(b *testing.B) { run(b, "", page) })

	b.Run("cookiestore", func(b *testing.B) {
		s := newSite(newStore())
		login := sessionstores.Middleware(s.sessions)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s.sessions.Put(r.Context(), "identity", identity)
			if err := sessionstores.SetRecord(r.Context(), s.sessions, []byte(tokens)); err != nil {
				b.Error(err)
			}
		}))
		w := httptest.NewRecorder()
		login.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		run(b, cookieHeader(w), func(w http.ResponseWriter, r *http.Request) {
			if s.sessions.GetString(r.Context(), "identity") != identity {
				b.Fatal("nobody")
			}
			page(w, r)
		}, sessionstores.Middleware(s.sessions))
	})

	b.Run("gorilla", func(b *testing.B) {
		store := sessions.NewCookieStore([]byte(secret), []byte(other))
		for _, codec := range store.Codecs {
			codec.(*securecookie.SecureCookie).MaxLength(0)
		}
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		session, _ := store.Get(r, "session")
		session.Values["identity"], session.Values["tokens"] = identity, tokens
		if err := session.Save(r, w); err != nil {
			b.Fatal(err)
		}
		run(b, cookieHeader(w), func(w http.ResponseWriter, r *http.Request) {
			session, err := store.Get(r, "session")
			if err != nil || session.Values["identity"] != identity {
				b.Fatal("nobody", err)
			}
			page(w, r)
		})
	})

	b.Run("JWE", func(b *testing.B) {
		encrypter, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.DIRECT, Key: []byte(secret)}, nil)
		if err != nil {
			b.Fatal(err)
		}
		payload, _ := json.Marshal(map[string]string{"identity": identity, "tokens": tokens})
		jwe, err := encrypter.Encrypt(payload)
		if err != nil {
			b.Fatal(err)
		}
		compact, _ := jwe.CompactSerialize()
		run(b, "session="+compact, func(w http.ResponseWriter, r *http.Request) {
			c, err := r.Cookie("session")
			if err != nil {
				b.Fatal(err)
			}
			jwe, err := jose.ParseEncryptedCompact(c.Value, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
			if err != nil {
				b.Fatal(err)
			}
			payload, err := jwe.Decrypt([]byte(secret))
			if err != nil {
				b.Fatal(err)
			}
			var session map[string]string
			if json.Unmarshal(payload, &session) != nil || session["identity"] != identity {
				b.Fatal("nobody")
			}
			page(w, r)
		})
	})
}

func run(b *testing.B, cookies string, page http.HandlerFunc, use ...func(http.Handler) http.Handler) {
	b.Helper()
	r := chi.NewRouter()
	r.Use(use...)
	r.Get("/", page)
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	if cookies != "" {
		req.Header.Set("Cookie", cookies)
	}
	b.ReportAllocs()
	for b.Loop() {
		r.ServeHTTP(httptest.NewRecorder(), req)
	}
}

func cookieHeader(w *httptest.ResponseRecorder) string {
	var pairs []string
	for _, c := range w.Result().Cookies() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}
