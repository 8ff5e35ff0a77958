package sessionstores_test

import (
	"context"
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

	cart := func(_ http.ResponseWriter, r *http.Request) {
		sessions.Put(r.Context(), "cart", "tea")
	}
	h := sessionstores.Middleware(sessions)(http.HandlerFunc(cart))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	cookie := w.Result().Cookies()[0]
	lax := cookie.SameSite == http.SameSiteLaxMode
	fmt.Println(cookie.Name, cookie.Secure, cookie.HttpOnly, lax)
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

// A login of the application's own renews the session, so that its token is a new one. The session
// is indexed under the user, so that all sessions of the user can be revoked.
func ExampleRenew() {
	sessions := sessionstores.New(memstore.New())
	login := func(w http.ResponseWriter, r *http.Request) {
		if err := sessionstores.Renew(r.Context(), sessions, "user:7"); err != nil {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		sessions.Put(r.Context(), "user", "7")
	}
	account := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "user %q", sessions.GetString(r.Context(), "user"))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", login)
	mux.HandleFunc("GET /account", account)
	h := sessionstores.Middleware(sessions)(mux)

	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/login", nil))
	cookie := w.Result().Cookies()[0]
	visit := func() {
		r := httptest.NewRequest(http.MethodGet, "/account", nil)
		r.AddCookie(cookie)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Body)
	}

	visit()
	if err := sessionstores.RevokeAll(context.Background(), sessions, "user:7"); err != nil {
		fmt.Println(err)
	}
	visit()
	// Output:
	// user "7"
	// user ""
}

// Data that few requests need is kept beside the session.
func ExampleSetAttachment() {
	sessions := sessionstores.New(memstore.New())
	handler := func(_ http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		err := sessionstores.SetAttachment(ctx, sessions, []byte("sealed tokens"))
		if err != nil {
			fmt.Println(err)
			return
		}
		attachment, err := sessionstores.Attachment(ctx, sessions)
		fmt.Println(string(attachment), err)
	}
	h := sessionstores.Middleware(sessions)(http.HandlerFunc(handler))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	// Output: sealed tokens <nil>
}
