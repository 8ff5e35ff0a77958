package chiauth0_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
)

// showOrders calls an API with the access token of the signed-in user.
func showOrders(w http.ResponseWriter, r *http.Request) {
	client := chiauth0.HTTPClient(r.Context(), "https://orders.example/")
	resp, err := client.Get("https://orders.example/v1/orders")
	switch {
	case errors.Is(err, chiauth0.ErrNotSignedIn):
		http.Error(w, "log in to see your orders", http.StatusUnauthorized)
		return
	case err != nil:
		http.Error(w, "the orders are not available", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(w, resp.Body)
}

// The route is behind LoadUser instead of a guard, so the handler answers visitors who are not
// signed in. No request is sent to the API for them.
func ExampleHTTPClient() {
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
	r.With(chiauth0.LoadUser(cfg)).Get("/orders", showOrders)

	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://app.example/orders", nil))
	fmt.Println(w.Code, w.Body)
	// Output: 401 log in to see your orders
}
