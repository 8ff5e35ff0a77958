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
	"github.com/chiauth0/auth/sessionstores/cookiestore"
)

// identity and tokens are the data of a login: 312 bytes that every request reads, and 2,750 that
// few requests read.
var (
	identity = strings.Repeat("identity", 39)
	tokens   = strings.Repeat("token.body", 275)
)

// BenchmarkRequest measures a request of a user who is signed in. It reads the identity and not the
// tokens. For comparison there are chi without a session, and the same data in the cookies of
// gorilla/sessions, signed and encrypted, and in a JWE as Auth0's Next.js SDK makes it (A256GCM).
func BenchmarkRequest(b *testing.B) {
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }

	b.Run("chi", func(b *testing.B) { run(b, "", page) })

	b.Run("cookiestore", func(b *testing.B) {
		store := cookiestore.New(secret)
		store.HeaderBytes = 8000
		m := sessionstores.New(store)
		login := func(_ http.ResponseWriter, r *http.Request) {
			m.Put(r.Context(), "identity", identity)
			if err := sessionstores.SetAttachment(r.Context(), m, []byte(tokens)); err != nil {
				b.Error(err)
			}
		}
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		sessionstores.Middleware(m)(http.HandlerFunc(login)).ServeHTTP(w, r)

		b.Run("GetString", func(b *testing.B) {
			run(b, cookieHeader(w), func(w http.ResponseWriter, r *http.Request) {
				got, err := sessionstores.GetString(r.Context(), m, "identity")
				if err != nil || got != identity {
					b.Fatal("not signed in", err)
				}
				page(w, r)
			}, sessionstores.Middleware(m))
		})
		b.Run("manager", func(b *testing.B) {
			run(b, cookieHeader(w), func(w http.ResponseWriter, r *http.Request) {
				if m.GetString(r.Context(), "identity") != identity {
					b.Fatal("not signed in")
				}
				page(w, r)
			}, sessionstores.Middleware(m))
		})
		b.Run("not read", func(b *testing.B) {
			run(b, cookieHeader(w), page, sessionstores.Middleware(m))
		})
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
				b.Fatal("not signed in", err)
			}
			page(w, r)
		})
	})

	b.Run("JWE", func(b *testing.B) {
		recipient := jose.Recipient{Algorithm: jose.DIRECT, Key: []byte(secret)}
		encrypter, err := jose.NewEncrypter(jose.A256GCM, recipient, nil)
		if err != nil {
			b.Fatal(err)
		}
		payload, _ := json.Marshal(map[string]string{"identity": identity, "tokens": tokens})
		jwe, err := encrypter.Encrypt(payload)
		if err != nil {
			b.Fatal(err)
		}
		compact, _ := jwe.CompactSerialize()
		keys := []jose.KeyAlgorithm{jose.DIRECT}
		contents := []jose.ContentEncryption{jose.A256GCM}
		run(b, "session="+compact, func(w http.ResponseWriter, r *http.Request) {
			c, err := r.Cookie("session")
			if err != nil {
				b.Fatal(err)
			}
			jwe, err := jose.ParseEncryptedCompact(c.Value, keys, contents)
			if err != nil {
				b.Fatal(err)
			}
			payload, err := jwe.Decrypt([]byte(secret))
			if err != nil {
				b.Fatal(err)
			}
			var session map[string]string
			if json.Unmarshal(payload, &session) != nil || session["identity"] != identity {
				b.Fatal("not signed in")
			}
			page(w, r)
		})
	})
}

func run(
	b *testing.B, cookies string, page http.HandlerFunc, use ...func(http.Handler) http.Handler,
) {
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
