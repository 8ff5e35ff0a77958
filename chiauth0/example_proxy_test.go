package chiauth0_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
)

// The script of a page fetches /api/orders/v1/orders. A signed-in user gets the answer of
// https://orders.example/v1/orders. Without a login the answer is 401.
func ExampleProxy() {
	cfg := &chiauth0.Config{ // or ConfigFromEnv
		Domain:       "tenant.eu.auth0.com",
		ClientID:     "id",
		ClientSecret: "0123456789abcdef0123456789abcdef",
		BaseURL:      "https://app.example",
		Audience:     "https://orders.example/",
		Scopes:       []string{"openid", "profile", "email", "offline_access"},
		Logger:       slog.New(slog.DiscardHandler),
	}
	r := chi.NewRouter()
	r.Mount("/auth0", chiauth0.Router(cfg))
	r.With(chiauth0.RequireLogin(cfg)).
		Mount("/api/orders", chiauth0.Proxy(cfg, "https://orders.example/"))

	fetch := httptest.NewRequest(http.MethodGet, "https://app.example/api/orders/v1/orders", nil)
	fetch.Header.Set("Accept", "application/json")
	fetch.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, fetch)
	fmt.Println(w.Code)
	// Output: 401
}
