package cookiestore_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/cookiestore"
)

// Two nodes with the same secret read each other's sessions, without a server between them.
func Example() {
	secret := strings.Repeat("s", 32) // os.Getenv("AUTH0_SECRET"), from `openssl rand -hex 32`
	node := func() http.Handler {
		sessions := sessionstores.New(cookiestore.New(secret))
		cart := func(w http.ResponseWriter, r *http.Request) {
			if item := r.FormValue("add"); item != "" {
				sessions.Put(r.Context(), "cart", item)
			}
			fmt.Fprintf(w, "cart: %s", sessions.GetString(r.Context(), "cart"))
		}
		return sessionstores.Middleware(sessions)(http.HandlerFunc(cart))
	}

	w := httptest.NewRecorder()
	node().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/cart?add=tea", nil))

	r := httptest.NewRequest(http.MethodGet, "/cart", nil)
	for _, cookie := range w.Result().Cookies() {
		r.AddCookie(cookie)
	}
	w = httptest.NewRecorder()
	node().ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: cart: tea
}
