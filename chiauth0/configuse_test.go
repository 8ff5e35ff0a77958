package chiauth0_test

import (
	"crypto"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/sessionstores/memstore"
	"github.com/chiauth0/auth/userprovider"
)

// fullConfig has a value in each exported field. It need not be valid.
func fullConfig(t *testing.T) *chiauth0.Config {
	t.Helper()
	c := &chiauth0.Config{}
	fill(t, reflect.ValueOf(c).Elem())
	return c
}

func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	for _, f := range v.Fields() {
		if !f.CanSet() {
			continue
		}
		switch f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int, reflect.Int64:
			f.SetInt(1)
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Map:
			f.Set(reflect.MakeMap(f.Type()))
			f.SetMapIndex(reflect.ValueOf("x"), reflect.Zero(f.Type().Elem()))
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		case reflect.Func:
			f.Set(reflect.MakeFunc(f.Type(), func([]reflect.Value) []reflect.Value { return nil }))
		case reflect.Interface:
			if f.Type() == reflect.TypeFor[crypto.Signer]() {
				f.Set(reflect.ValueOf(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))))
				continue
			}
			f.Set(reflect.ValueOf(userprovider.NewMemory()))
		case reflect.Struct:
			fill(t, f)
		default:
			t.Fatalf("a field of kind %v: add it here", f.Kind())
		}
	}
}

// fieldNames returns the names of all exported fields, those of structs inside as well.
func fieldNames(typ reflect.Type, prefix string) []string {
	var names []string
	for field := range typ.Fields() {
		switch {
		case !field.IsExported():
		case field.Type.Kind() == reflect.Struct:
			names = append(names, fieldNames(field.Type, prefix+field.Name+".")...)
		default:
			names = append(names, prefix+field.Name)
		}
	}
	return names
}

func fieldByPath(c *chiauth0.Config, path string) reflect.Value {
	v := reflect.ValueOf(c).Elem()
	for name := range strings.SplitSeq(path, ".") {
		v = v.FieldByName(name)
	}
	return v
}

// A setting that comes too late must not be ignored.
func TestLateChangePanics(t *testing.T) {
	t.Parallel()
	filled := fullConfig(t)
	for _, name := range fieldNames(reflect.TypeFor[chiauth0.Config](), "") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			chiauth0.LoadUser(c)
			fieldByPath(c, name).Set(fieldByPath(filled, name))
			for guard, use := range constructors {
				got := fmt.Sprint(panicOf(func() { use(c) }))
				if !strings.Contains(got, "Config."+name+" was changed") {
					t.Errorf("%s: panic %q, want one that names %s", guard, got, name)
				}
			}
		})
	}
}

// notComparable is a user provider that == cannot compare.
type notComparable struct {
	*userprovider.Memory
	names map[string]string
}

func TestLateChangeOfAValuePanics(t *testing.T) {
	t.Parallel()
	var handlers []func(http.ResponseWriter, *http.Request, *chiauth0.Error)
	for status := range 2 { // closures of one function
		handlers = append(handlers,
			func(w http.ResponseWriter, _ *http.Request, _ *chiauth0.Error) {
				w.WriteHeader(status)
			})
	}
	base := func() *chiauth0.Config {
		c := validConfig()
		c.Scopes = []string{"openid", "email"}
		c.Mapping.Fields = map[string]string{"first_name": "name"}
		c.ErrorHandler = handlers[0]
		c.Users = notComparable{userprovider.NewMemory(), map[string]string{}}
		c.Sessions = sessionstores.New(memstore.New())
		return c
	}
	for name, test := range map[string]struct {
		change func(*chiauth0.Config)
		field  string // "" if there is no change
	}{
		"nothing":    {func(*chiauth0.Config) {}, ""},
		"an element": {func(c *chiauth0.Config) { c.Scopes[1] = "profile" }, "Scopes"},
		"an entry of a map": {
			func(c *chiauth0.Config) { c.Mapping.Fields["x"] = "y" }, "Mapping.Fields",
		},
		"an equal slice": {
			func(c *chiauth0.Config) { c.Scopes = slices.Clone(c.Scopes) }, "",
		},
		"a closure": {
			func(c *chiauth0.Config) { c.ErrorHandler = handlers[1] }, "ErrorHandler",
		},
		"a value without ==": {func(c *chiauth0.Config) { c.Users = base().Users }, "Users"},
		"another type": {
			func(c *chiauth0.Config) { c.Users = userprovider.NewMemory() }, "Users",
		},
		"a provider that went": {func(c *chiauth0.Config) { c.Users = nil }, "Users"},
		"sessions that went":   {func(c *chiauth0.Config) { c.Sessions = nil }, "Sessions"},
		"the session's lifetime": {
			func(c *chiauth0.Config) { c.Sessions.Lifetime = time.Minute }, "Sessions.Lifetime",
		},
		"the session's cookie": {
			func(c *chiauth0.Config) { c.Sessions.Cookie.Name = "x" }, "Sessions.Cookie.Name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := base()
			chiauth0.Router(c)
			test.change(c)
			got := panicOf(func() { chiauth0.RequireLogin(c) })
			if test.field == "" && got != nil {
				t.Errorf("panic %v, want none", got)
			}
			if test.field != "" && !strings.Contains(fmt.Sprint(got), "Config."+test.field+" was") {
				t.Errorf("panic %v, want one that names %s", got, test.field)
			}
		})
	}
}

func TestConcurrentFirstUse(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	c := validConfig()
	c.Logger = slog.New(slog.NewTextHandler(log, nil))
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() { chiauth0.Router(c) })
		group.Go(func() { chiauth0.RequireLogin(c) })
		group.Go(func() { _ = c.Validate(); c.Clone() })
	}
	group.Wait()
	if n := strings.Count(log.String(), "register these URLs"); n != 1 {
		t.Errorf("the URLs were logged %d times, want 1", n)
	}
}

// Handlers can use cfg.Sessions if the package has made it, too.
func TestDefaultSessions(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(*chiauth0.Config){
		"after Router":   func(c *chiauth0.Config) { chiauth0.Router(c) },
		"after LoadUser": func(c *chiauth0.Config) { chiauth0.LoadUser(c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			c.BaseURL = ""
			use(c)
			cart := func(w http.ResponseWriter, r *http.Request) {
				if add := r.FormValue("add"); add != "" {
					c.Sessions.Put(r.Context(), "cart", add)
				}
				fmt.Fprint(w, c.Sessions.GetString(r.Context(), "cart"))
			}
			page := chiauth0.LoadUser(c)(http.HandlerFunc(cart))

			w := httptest.NewRecorder()
			page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/?add=tea", nil))
			r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
			for _, cookie := range w.Result().Cookies() {
				r.AddCookie(cookie)
			}
			w = httptest.NewRecorder()
			page.ServeHTTP(w, r)
			if got := w.Body.String(); got != "tea" {
				t.Errorf("the next request reads %q, want %q", got, "tea")
			}
		})
	}
}

func TestClone(t *testing.T) {
	t.Parallel()
	t.Run("copies all fields", func(t *testing.T) {
		t.Parallel()
		c := fullConfig(t)
		clone := c.Clone()
		for _, name := range fieldNames(reflect.TypeFor[chiauth0.Config](), "") {
			if fieldByPath(clone, name).IsZero() {
				t.Errorf("%s is lost", name)
			}
		}
	})
	t.Run("shares no slice and no map", func(t *testing.T) {
		t.Parallel()
		c := fullConfig(t)
		clone := c.Clone()
		for _, name := range fieldNames(reflect.TypeFor[chiauth0.Config](), "") {
			original, copied := fieldByPath(c, name), fieldByPath(clone, name)
			kind := original.Kind()
			if kind != reflect.Slice && kind != reflect.Map {
				continue
			}
			if original.UnsafePointer() == copied.UnsafePointer() {
				t.Errorf("%s is shared", name)
			}
		}
	})
	t.Run("is not in use", func(t *testing.T) {
		t.Parallel()
		c := validConfig()
		chiauth0.Router(c)
		clone := c.Clone()
		clone.BaseURL = "https://other.example"
		chiauth0.Router(clone)
		clone.Scopes = []string{"profile"}
		if err := clone.Validate(); err == nil {
			t.Error("Validate does not see a change of the clone")
		}
	})
	t.Run("a copy by value is not in use", func(t *testing.T) {
		t.Parallel()
		c := validConfig()
		chiauth0.Router(c)
		second := *c
		second.ClientID = "another"
		chiauth0.Router(&second)
		second.ClientID = "a third"
		got := fmt.Sprint(panicOf(func() { chiauth0.Router(&second) }))
		if !strings.Contains(got, "Config.ClientID was changed") {
			t.Errorf("panic %q, want one that names ClientID", got)
		}
		chiauth0.Router(c)
	})
}
