package sqlusers_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider"
)

const ada = "ada@app.example"

// signedIn logs Ada in to an application with these users. It returns the application, and makes
// requests that have her cookies. /quiet does not ask for the user, /user does, and /staff needs
// the role.
func signedIn(
	t testing.TB, users userprovider.UserProvider,
) (app http.Handler, request func(path string) *http.Request) {
	t.Helper()
	provider := httptest.NewUnstartedServer(nil)
	tenant := chiauth0test.New("http://" + provider.Listener.Addr().String())
	provider.Config.Handler = tenant
	provider.Start()
	t.Cleanup(provider.Close)

	r := chi.NewRouter()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	client := tenant.AddClient(chiauth0test.Client{
		CallbackURLs: []string{server.URL + "/auth0/callback"},
	})
	tenant.AddUser(chiauth0test.User{
		Email: ada, Password: "password", Name: "Ada Lovelace",
		Claims: map[string]any{"https://app.example/groups": []string{"editors"}},
	})
	cfg := &chiauth0.Config{
		Domain: tenant.Issuer(), ClientID: client.ID, ClientSecret: client.Secret, Users: users,
		Mapping: userprovider.Mapping{
			Fields:      map[string]string{"first_name": "name"},
			GroupsField: "https://app.example/groups", StaffGroup: "editors",
		},
	}
	r.Use(chiauth0.LoadUser(cfg))
	r.Mount("/auth0", chiauth0.Router(cfg))
	r.Get("/quiet", func(http.ResponseWriter, *http.Request) {})
	r.Get("/user", showUserTwice)
	r.With(chiauth0.RequireStaff(cfg)).Get("/staff", func(http.ResponseWriter, *http.Request) {})

	browser := chiauth0test.NewBrowser()
	answer, err := tenant.SignIn(browser, server.URL+"/auth0/login?next_url=/quiet", ada)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	cookies := browser.Jar.Cookies(answer.Request.URL)
	return r, func(path string) *http.Request {
		request := httptest.NewRequest(http.MethodGet, server.URL+path, nil)
		for _, cookie := range cookies {
			request.AddCookie(cookie)
		}
		return request
	}
}

func showUserTwice(w http.ResponseWriter, r *http.Request) {
	for range 2 {
		user, err := chiauth0.UserAs[person](r.Context())
		if err != nil || user.First != "Ada Lovelace" {
			http.Error(w, "not signed in", http.StatusUnauthorized)
			return
		}
	}
}

func TestRequestsReadTheUserOnce(t *testing.T) {
	onEveryDialect(t, func(t *testing.T, db database) {
		createPeople(t, db)
		app, request := signedIn(t, mustNew(t, db, people(db.dialect)))
		get := func(path string) (status, statements int) {
			answer := httptest.NewRecorder()
			sent := db.counter.during(func() { app.ServeHTTP(answer, request(path)) })
			return answer.Code, len(sent)
		}
		for path, want := range map[string]int{"/quiet": 0, "/user": 1, "/staff": 1} {
			status, statements := get(path)
			if status != http.StatusOK || statements != want {
				t.Errorf("%s answers %d after %d statements, want 200 after %d",
					path, status, statements, want)
			}
		}

		mustExec(t, db.DB, "UPDATE users SET staff = false")
		if status, _ := get("/staff"); status != http.StatusForbidden {
			t.Errorf("/staff answers %d after the role was revoked, want 403", status)
		}
		db.Close()
		if status, _ := get("/staff"); status != http.StatusServiceUnavailable {
			t.Errorf("/staff answers %d while the database is down, want 503", status)
		}
		if status, _ := get("/quiet"); status != http.StatusOK {
			t.Errorf("/quiet answers %d while the database is down, want 200", status)
		}
	})
}

func TestUserIsSignedOutAtTheNextRequest(t *testing.T) {
	for name, statement := range map[string]string{
		"inactive":     "UPDATE users SET active = false",
		"deleted":      "DELETE FROM users",
		"soft-deleted": "UPDATE users SET deleted_at = CURRENT_TIMESTAMP",
	} {
		t.Run(name, func(t *testing.T) {
			onEveryDialect(t, func(t *testing.T, db database) {
				createPeople(t, db, "deleted_at timestamp")
				app, request := signedIn(t, mustNew(t, db, people(db.dialect)))
				mustExec(t, db.DB, statement)
				for range 2 {
					answer := httptest.NewRecorder()
					app.ServeHTTP(answer, request("/staff"))
					if answer.Code != http.StatusUnauthorized {
						t.Errorf("/staff answers %d, want 401", answer.Code)
					}
				}
			})
		})
	}
}
