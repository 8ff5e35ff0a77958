package chiauth0_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

// exampleConfig is that of an application in production, without its log.
func exampleConfig() *chiauth0.Config { return validConfig() }

func account(w http.ResponseWriter, r *http.Request) {
	identity, _ := chiauth0.IdentityFrom(r.Context()) // behind a guard there is always one
	fmt.Fprintf(w, "Hello, %s", identity.Name)
}

// show requests a page of an application as a browser does, and prints the answer.
func show(app http.Handler, path string) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept", "text/html")
	showRequest(app, r)
}

// showTo is show for a signed-in user.
func showTo(user userprovider.User, identity userprovider.Identity, app http.Handler, path string) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	showRequest(app, r.WithContext(chiauth0.WithUser(r.Context(), user, identity)))
}

func showRequest(app http.Handler, r *http.Request) {
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	switch location := w.Header().Get("Location"); {
	case location != "":
		fmt.Println(w.Code, location)
	case w.Code == http.StatusOK:
		fmt.Println(w.Code, w.Body)
	default:
		fmt.Println(w.Code)
	}
}

// The whole of an application with a login.
func ExampleRouter() {
	cfg := exampleConfig() // in real life: chiauth0.ConfigFromEnv()

	r := chi.NewRouter()
	r.Use(chiauth0.LoadUser(cfg))
	r.Mount("/auth0", chiauth0.Router(cfg))
	r.With(chiauth0.RequireLogin(cfg)).Get("/account", account)

	show(r, "/account") // no user is signed in
	// Output: 302 https://app.example/auth0/login?next_url=%2Faccount
}

// A callback at a path that was registered at Auth0 long ago.
func ExampleCallback() {
	cfg := exampleConfig()
	cfg.CallbackURI = "/oauth/auth0/callback"

	r := chi.NewRouter()
	r.Mount("/auth0", chiauth0.Router(cfg))
	r.Method(http.MethodGet, "/oauth/auth0/callback", chiauth0.Callback(cfg))

	show(r, "/oauth/auth0/callback?code=c&state=s") // of no login that this browser began
	// Output: 400
}

// A public page that greets the signed-in user.
func ExampleLoadUser() {
	cfg := exampleConfig()
	r := chi.NewRouter()
	r.Use(chiauth0.LoadUser(cfg))
	r.Get("/", func(w http.ResponseWriter, r *http.Request) {
		if identity, err := chiauth0.IdentityFrom(r.Context()); err == nil {
			fmt.Fprintf(w, "Hello, %s", identity.Name)
		} else {
			fmt.Fprint(w, "Hello, stranger")
		}
	})

	show(r, "/")
	showTo(userprovider.User{ID: "1"}, userprovider.Identity{Name: "Ada"}, r, "/")
	// Output:
	// 200 Hello, stranger
	// 200 Hello, Ada
}
