package chiauth0_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

// apiConfig stands for the Config that ConfigFromEnv returns.
func apiConfig() *chiauth0.Config {
	return &chiauth0.Config{
		Domain:       "tenant.eu.auth0.com",
		ClientID:     "id",
		ClientSecret: "0123456789abcdef0123456789abcdef",
		BaseURL:      "https://app.example",
		Audience:     "https://api.example",
		Logger:       slog.New(slog.DiscardHandler),
	}
}

// A program without an access token gets the challenge of RFC 6750.
func ExampleRequireBearer() {
	cfg := apiConfig()
	r := chi.NewRouter()
	r.With(chiauth0.RequireBearer(cfg, "read:reports")).
		Get("/api/reports", func(w http.ResponseWriter, r *http.Request) {
			bearer, _ := chiauth0.BearerFrom(r.Context())
			fmt.Fprintf(w, "reports for %s, by %s", bearer.Subject, bearer.ClientID)
		})

	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://app.example/api/reports", nil))
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	// Output: 401 Bearer realm="https://api.example"
}

// One route serves the scripts of the own pages and other programs.
func ExampleRequireLoginOrBearer() {
	cfg := apiConfig()
	orders := func(w http.ResponseWriter, r *http.Request) {
		if bearer, ok := chiauth0.BearerFrom(r.Context()); ok {
			fmt.Fprintf(w, "orders for the program %s", bearer.ClientID)
			return
		}
		user, err := chiauth0.UserFrom(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "orders for the user %s", user.ID)
	}
	handler := chiauth0.RequireLoginOrBearer(cfg)(http.HandlerFunc(orders))

	r := httptest.NewRequest(http.MethodGet, "/api/orders", nil)
	ada := userprovider.User{ID: "7", Active: true}
	ctx := chiauth0.WithUser(r.Context(), ada, userprovider.Identity{})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r.WithContext(ctx))
	fmt.Println(w.Body)
	// Output: orders for the user 7
}

func ExampleRequirePermission() {
	cfg := apiConfig()
	page := chiauth0.RequirePermission(cfg, "read:reports")(http.NotFoundHandler())

	for _, permissions := range [][]string{{"read:reports"}, {"read:orders"}} {
		r := httptest.NewRequest(http.MethodGet, "/reports", nil)
		ctx := chiauth0.WithUser(r.Context(), userprovider.User{ID: "7", Active: true},
			userprovider.Identity{Permissions: permissions})
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r.WithContext(ctx))
		fmt.Println(permissions, w.Code)
	}
	// Output:
	// [read:reports] 404
	// [read:orders] 403
}

// A user of another organization is sent to the login of the right one.
func ExampleRequireOrganization() {
	cfg := apiConfig()
	page := chiauth0.RequireOrganization(cfg, "org_acme")(http.NotFoundHandler())

	r := httptest.NewRequest(http.MethodGet, "https://app.example/acme", nil)
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	page.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output:
	// 302 https://app.example/auth0/login?next_url=%2Facme&organization=org_acme
}
