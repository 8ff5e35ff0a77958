package chiauth0_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/userprovider"
)

type customer struct{ Name string }

var signedInAda = userprovider.User{ID: "1", Active: true, Staff: true, Value: &customer{"Ada"}}

func TestUserFromContext(t *testing.T) {
	t.Parallel()
	identity := userprovider.Identity{Subject: "auth0|1", Groups: []string{"editors"}}
	ctx := chiauth0.WithUser(t.Context(), signedInAda, identity)

	t.Run("a context without a user", func(t *testing.T) {
		t.Parallel()
		_, err1 := chiauth0.UserFrom(t.Context())
		_, err2 := chiauth0.IdentityFrom(t.Context())
		_, err3 := chiauth0.UserAs[*customer](t.Context())
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, chiauth0.ErrNotSignedIn) {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("WithUser", func(t *testing.T) {
		t.Parallel()
		user, err := chiauth0.UserFrom(ctx)
		if err != nil || user != signedInAda {
			t.Errorf("got %v, %v", user, err)
		}
		got, err := chiauth0.IdentityFrom(ctx)
		if err != nil || got.Subject != "auth0|1" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("WithUser keeps what the context had", func(t *testing.T) {
		t.Parallel()
		type key struct{}
		parent, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "kept"))
		type foreignKey struct{}
		child := chiauth0.WithUser(parent, signedInAda, identity)
		child = context.WithValue(child, foreignKey{}, 1)
		cancel()
		if child.Value(key{}) != "kept" || child.Err() == nil {
			t.Error("value or cancellation is lost")
		}
		if _, err := chiauth0.UserFrom(child); err != nil {
			t.Error(err)
		}
	})
	t.Run("UserAs", func(t *testing.T) {
		t.Parallel()
		if got, err := chiauth0.UserAs[*customer](ctx); err != nil || got.Name != "Ada" {
			t.Errorf("got %v, %v", got, err)
		}
		_, err := chiauth0.UserAs[customer](ctx)
		if err == nil || errors.Is(err, chiauth0.ErrNotSignedIn) ||
			!strings.Contains(
				err.Error(),
				"*chiauth0_test.customer, not a chiauth0_test.customer",
			) {
			t.Errorf("of another type: %v", err)
		}
		if _, err := chiauth0.UserAs[fmt.Stringer](ctx); err == nil ||
			!strings.Contains(err.Error(), "not a fmt.Stringer") {
			t.Errorf("of an interface it has not: %v", err)
		}
		without := chiauth0.WithUser(t.Context(), userprovider.User{ID: "1"}, identity)
		if got, err := chiauth0.UserAs[*customer](without); err == nil || got != nil {
			t.Errorf("without a Value: %v, %v", got, err)
		}
	})
}

// TestWithUserBehindGuards proves that a handler's unit test needs nothing but WithUser: no session
// store, no provider, no BaseURL that fits httptest's example.com.
func TestWithUserBehindGuards(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "https://app.example"} {
		t.Run("base "+base, func(t *testing.T) {
			t.Parallel()
			store := &countingStore{Store: memstore.New()}
			store.down.Store(true)
			none := errors.New("no user provider here")
			users := &countingUsers{}
			users.down.Store(&none)
			cfg := validConfig()
			cfg.BaseURL, cfg.Users, cfg.Sessions = base, users, sessionstores.New(store)
			r := chi.NewRouter()
			r.Use(chiauth0.LoadUser(cfg))
			page := func(w http.ResponseWriter, r *http.Request) {
				user, err := chiauth0.UserFrom(r.Context())
				fmt.Fprint(w, user.ID, err, cfg.Sessions.GetString(r.Context(), "cart"))
			}
			r.Get("/", page)
			r.With(chiauth0.RequireStaff(cfg)).Get("/staff", page)
			r.With(chiauth0.RequireSuperuser(cfg)).Get("/superuser", page)
			r.With(chiauth0.RequireGroup(cfg, "editors")).Get("/editors", page)
			pages := map[string]int{"/": 200, "/staff": 200, "/superuser": 403, "/editors": 200}
			for path, want := range pages {
				request := httptest.NewRequest(http.MethodGet, path, nil)
				request = request.WithContext(
					chiauth0.WithUser(
						request.Context(),
						signedInAda,
						userprovider.Identity{Groups: []string{"editors"}},
					),
				)
				w := httptest.NewRecorder()
				r.ServeHTTP(w, request)
				if w.Code != want ||
					w.Code == http.StatusOK && !strings.HasPrefix(w.Body.String(), "1") {
					t.Errorf("%s answered %d: %s", path, w.Code, w.Body)
				}
			}
			if store.reads.Load() != 0 || users.finds.Load() != 0 {
				t.Errorf(
					"%d reads of the store, %d of the provider",
					store.reads.Load(),
					users.finds.Load(),
				)
			}
		})
	}
}

// askingHandler is a log handler that adds the user to every line, as applications do.
type askingHandler struct{ slog.Handler }

func (h askingHandler) Handle(ctx context.Context, record slog.Record) error {
	user, err := chiauth0.UserFrom(ctx)
	record.Add("user_of_request", user.ID, "asking", err)
	return h.Handler.Handle(ctx, record)
}

func (h askingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return askingHandler{h.Handler.WithAttrs(attrs)}
}

func (h askingHandler) WithGroup(name string) slog.Handler {
	return askingHandler{h.Handler.WithGroup(name)}
}

// askingUsers ask who is signed in while they are asked for that.
type askingUsers struct{ userprovider.UserProvider }

func (u askingUsers) FindUser(ctx context.Context, id string) (userprovider.User, error) {
	if _, err := chiauth0.UserFrom(ctx); !errors.Is(err, chiauth0.ErrUnavailable) {
		return userprovider.User{}, fmt.Errorf("asking while being asked got %w", err)
	}
	return u.UserProvider.FindUser(ctx, id)
}

// TestAskingWhileBeingAsked proves that log handlers and providers that ask for the user do not
// wait for themselves.
func TestAskingWhileBeingAsked(t *testing.T) {
	t.Parallel()
	users := userprovider.NewMemory()
	a := newApp(t, func(c *chiauth0.Config) {
		c.Logger = slog.New(askingHandler{c.Logger.Handler()})
		c.Users = askingUsers{users}
	})
	b := a.browser()
	b.signIn(ada)
	if err := users.SetActive(users.Accounts()[0].ID, false); err != nil {
		t.Fatal(err)
	}
	answered := make(chan *response, 1)
	go func() { answered <- b.get("/account") }() // logs that Ada is signed out
	select {
	case resp := <-answered:
		if resp.StatusCode != http.StatusFound {
			t.Errorf("answered %s: %s", resp.Status, resp.body)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the request waits for itself")
	}
	if !strings.Contains(a.log.String(), "signed out") {
		t.Error("nothing was logged, so the test proves nothing")
	}
}

// TestUserFromManyGoroutines proves that a handler may ask from several goroutines, and that the
// provider is asked once.
func TestUserFromManyGoroutines(t *testing.T) {
	t.Parallel()
	users := &countingUsers{UserProvider: userprovider.NewMemory()}
	a := newApp(t, func(c *chiauth0.Config) { c.Users = users })
	b := a.browser()
	b.signIn(ada)
	a.net.serve(
		a.base,
		chiauth0.LoadUser(a.cfg)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() {
					if identity, err := chiauth0.IdentityFrom(r.Context()); err != nil ||
						identity.Email != ada {
						t.Errorf("got %v, %v", identity, err)
					}
				})
			}
			group.Wait()
		})),
	)
	before := users.finds.Load()
	b.get("/")
	if n := users.finds.Load() - before; n != 1 {
		t.Errorf("%d calls of FindUser", n)
	}
	before = users.finds.Load()
	a.net.serve(
		a.base,
		chiauth0.LoadUser(a.cfg)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})),
	)
	b.get("/")
	if n := users.finds.Load() - before; n != 0 {
		t.Errorf("no handler has asked for the user, but there are %d calls of FindUser", n)
	}
}
