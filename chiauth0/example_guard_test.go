package chiauth0_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

// People are sent to the login and come back to the page; programs get 401.
func ExampleRequireLogin() {
	r := chi.NewRouter()
	r.With(chiauth0.RequireLogin(exampleConfig())).Get("/account", account)

	show(r, "/account?tab=orders")
	api := httptest.NewRequest(http.MethodGet, "/account", nil)
	api.Header.Set("Accept", "application/json")
	showRequest(r, api)
	// Output:
	// 302 https://app.example/auth0/login?next_url=%2Faccount%3Ftab%3Dorders
	// 401
}

// Staff whose address Auth0 has verified.
func ExampleRequire() {
	corporate := func(user userprovider.User, identity userprovider.Identity) bool {
		atWork := identity.EmailVerified && strings.HasSuffix(identity.Email, "@corp.example")
		return user.Staff && atWork
	}
	r := chi.NewRouter()
	r.With(chiauth0.Require(exampleConfig(), corporate)).Get("/admin", account)

	staff := userprovider.User{ID: "1", Active: true, Staff: true}
	ada := userprovider.Identity{Name: "Ada", Email: "ada@corp.example", EmailVerified: true}
	showTo(staff, ada, r, "/admin")
	showTo(staff, userprovider.Identity{Name: "Eve", Email: "eve@corp.example"}, r, "/admin")
	// Output:
	// 200 Hello, Ada
	// 403
}

// Groups come from the claim that Config.Mapping names.
func ExampleRequireGroup() {
	cfg := exampleConfig()
	cfg.Mapping.GroupsField = "https://app.example/groups"
	r := chi.NewRouter()
	r.With(chiauth0.RequireGroup(cfg, "editors")).Get("/drafts", account)

	ada := userprovider.Identity{Name: "Ada", Groups: []string{"editors", "writers"}}
	showTo(userprovider.User{ID: "1"}, ada, r, "/drafts")
	showTo(userprovider.User{ID: "2"}, userprovider.Identity{Name: "Eve"}, r, "/drafts")
	// Output:
	// 200 Hello, Ada
	// 403
}

// Customer is the application's own user, which its user provider returns as User.Value.
type Customer struct {
	Name string
	Plan string
}

// signedIn is a context as a handler behind a guard has it.
func signedIn() context.Context {
	user := userprovider.User{ID: "42", Active: true, Value: &Customer{Name: "Ada", Plan: "gold"}}
	return chiauth0.WithUser(context.Background(), user, userprovider.Identity{Subject: "auth0|42"})
}

func ExampleUserFrom() {
	user, err := chiauth0.UserFrom(signedIn())
	fmt.Println(user.ID, user.Staff, err)

	_, err = chiauth0.UserFrom(context.Background())
	fmt.Println(err)
	// Output:
	// 42 false <nil>
	// chiauth0: not signed in: the request is not served through LoadUser or a guard
}

func ExampleUserAs() {
	customer, err := chiauth0.UserAs[*Customer](signedIn())
	fmt.Println(customer.Plan, err)

	_, err = chiauth0.UserAs[Customer](signedIn()) // the provider's type is *Customer
	fmt.Println(err != nil)
	// Output:
	// gold <nil>
	// true
}

// The unit test of a handler: no tenant, no session, no provider.
func ExampleWithUser() {
	r := httptest.NewRequest(http.MethodGet, "/account", nil)
	r = r.WithContext(chiauth0.WithUser(r.Context(),
		userprovider.User{ID: "1", Active: true}, userprovider.Identity{Name: "Ada"}))
	w := httptest.NewRecorder()
	account(w, r)
	fmt.Println(w.Body)
	// Output: Hello, Ada
}
