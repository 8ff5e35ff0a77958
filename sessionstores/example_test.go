package sessionstores_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
)

// Sessions without Auth0: a counter for each visitor.
func ExampleMiddleware() {
	sessions := sessionstores.New(memstore.New())
	counter := func(w http.ResponseWriter, r *http.Request) {
		visits := sessions.GetInt(r.Context(), "visits") + 1
		sessions.Put(r.Context(), "visits", visits)
		fmt.Fprintf(w, "visit %d", visits)
	}
	server := httptest.NewServer(sessionstores.Middleware(sessions)(http.HandlerFunc(counter)))
	defer server.Close()

	browser := server.Client()
	browser.Jar, _ = cookiejar.New(nil)
	for range 2 {
		res, err := browser.Get(server.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		fmt.Println(string(text))
	}
	// Output:
	// visit 1
	// visit 2
}

// A manager with settings of its own.
func ExampleNew() {
	sessions := sessionstores.New(memstore.New())
	sessions.Cookie.Name = "shop"
	sessions.Cookie.Secure = true // chiauth0 sets it by itself

	h := sessionstores.Middleware(
		sessions,
	)(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			sessions.Put(r.Context(), "cart", "tea")
		}),
	)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	cookie := w.Result().Cookies()[0]
	fmt.Println(
		cookie.Name,
		cookie.Secure,
		cookie.HttpOnly,
		cookie.SameSite == http.SameSiteLaxMode,
	)
	// Output: shop true true true
}

// Save tells the handler whether the order is in the session before it answers.
func ExampleSave() {
	sessions := sessionstores.New(memstore.New())
	order := func(w http.ResponseWriter, r *http.Request) {
		sessions.Put(r.Context(), "order", "tea")
		if err := sessionstores.Save(r.Context(), sessions); err != nil {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, "ordered")
	}
	w := httptest.NewRecorder()
	h := sessionstores.Middleware(sessions)(http.HandlerFunc(order))
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/orders", nil))
	fmt.Println(w.Body)
	// Output: ordered
}

// Data that few requests need is kept beside the session.
func ExampleSetAttachment() {
	sessions := sessionstores.New(memstore.New())
	h := sessionstores.Middleware(
		sessions,
	)(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			err := sessionstores.SetAttachment(ctx, sessions, []byte("sealed tokens"))
			if err != nil {
				fmt.Println(err)
				return
			}
			attachment, err := sessionstores.Attachment(ctx, sessions)
			fmt.Println(string(attachment), err)
		}),
	)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	// Output: sealed tokens <nil>
}
