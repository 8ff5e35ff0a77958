package chiauth0_test

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/userprovider"
)

// TestConstructorsPanicWithTheFaults proves that every constructor refuses a Config with faults, and says what Validate says.
func TestConstructorsPanicWithTheFaults(t *testing.T) {
	t.Parallel()
	anybody := func(userprovider.User, userprovider.Identity) bool { return true }
	for name, use := range map[string]func(*chiauth0.Config){
		"Router":           func(c *chiauth0.Config) { chiauth0.Router(c) },
		"Callback":         func(c *chiauth0.Config) { chiauth0.Callback(c) },
		"LoadUser":         func(c *chiauth0.Config) { chiauth0.LoadUser(c) },
		"Require":          func(c *chiauth0.Config) { chiauth0.Require(c, anybody) },
		"RequireLogin":     func(c *chiauth0.Config) { chiauth0.RequireLogin(c) },
		"RequireStaff":     func(c *chiauth0.Config) { chiauth0.RequireStaff(c) },
		"RequireSuperuser": func(c *chiauth0.Config) { chiauth0.RequireSuperuser(c) },
		"RequireGroup":     func(c *chiauth0.Config) { chiauth0.RequireGroup(c, "x") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &chiauth0.Config{Domain: "tenant.eu.auth0.com"}
			want := c.Validate().Error()
			for range 2 { // the second use as well
				if got := panicOf(func() { use(c) }); fmt.Sprint(got) != want {
					t.Errorf("panic %v, want %s", got, want)
				}
			}
		})
	}
	t.Run("U4: a field that the users lack", func(t *testing.T) {
		t.Parallel()
		c := validConfig()
		c.Users = &userprovider.Memory{Defaults: map[string]any{"first_name": ""}}
		c.Mapping.Fields = map[string]string{"last_name": "family_name"}
		got := fmt.Sprint(panicOf(func() { chiauth0.Router(c) }))
		if !strings.Contains(got, "AUTH0_USER_FIELD_MAPPING") || !strings.Contains(got, "last_name") {
			t.Errorf("panic %v", got)
		}
	})
	t.Run("Require without a function", func(t *testing.T) {
		t.Parallel()
		if got := fmt.Sprint(panicOf(func() { chiauth0.Require(validConfig(), nil) })); !strings.Contains(got, "Require(cfg, nil)") {
			t.Errorf("panic %v", got)
		}
	})
}

func panicOf(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

// TestConfigIsReadOnce proves F6.
func TestConfigIsReadOnce(t *testing.T) {
	t.Parallel()
	t.Run("F6: changes after the first use do nothing", func(t *testing.T) {
		t.Parallel()
		a := newApp(t, func(c *chiauth0.Config) {
			c.Scopes = []string{"openid", "email", "profile"}
			c.Mapping.Fields = map[string]string{"first_name": "name"}
		})
		a.cfg.Scopes[1] = "changed"
		a.cfg.Mapping.Fields["first_name"] = "changed"
		a.cfg.ClientID, a.cfg.ClientSecret, a.cfg.BaseURL, a.cfg.Users = "changed", "changed", "https://changed.example", nil
		b := a.browser()
		authorize := b.begin("/auth0/login")
		if got := authorize.Query().Get("scope"); got != "openid email profile" {
			t.Errorf("scope %q", got)
		}
		b.get(b.authorize(authorize, ada).String())
		b.signIn(ada)
		if got := a.users.Accounts()[0].Field("first_name"); got != "Ada Lovelace" {
			t.Errorf("first_name %v", got)
		}
	})

	t.Run("F6: one log of the URLs, however many use it at once", func(t *testing.T) {
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
			t.Errorf("announced %d times", n)
		}
	})

	t.Run("F6: Clone shares nothing that can be changed, and is not in use", func(t *testing.T) {
		t.Parallel()
		c := validConfig()
		c.Scopes, c.Secrets, c.Organizations = []string{"openid"}, []string{secret32}, []string{"one"}
		c.Mapping.Fields, c.Mapping.AccessTokenFields = map[string]string{"a": "b"}, map[string]string{"c": "d"}
		chiauth0.Router(c)
		clone := c.Clone()
		c.Scopes[0], c.Secrets[0], c.Organizations[0], c.Mapping.Fields["a"], c.Mapping.AccessTokenFields["c"] = "x", "x", "x", "x", "x"
		got := []string{
			clone.Scopes[0], clone.Secrets[0], clone.Organizations[0], clone.Mapping.Fields["a"], clone.Mapping.AccessTokenFields["c"],
		}
		if want := []string{"openid", secret32, "one", "b", "d"}; !slices.Equal(got, want) {
			t.Errorf("the clone changed too: %q", got)
		}
		clone.BaseURL = "https://other.example"
		clone.Scopes = []string{"profile"}
		if err := clone.Validate(); err == nil {
			t.Error("the clone does not see its own changes")
		}
	})

	t.Run("Clone copies every field", func(t *testing.T) {
		t.Parallel()
		c := reflect.ValueOf(fullConfig(t)).Elem()
		clone := reflect.ValueOf(c.Addr().Interface().(*chiauth0.Config).Clone()).Elem()
		for i := range c.NumField() {
			field := c.Type().Field(i)
			if field.IsExported() && clone.Field(i).IsZero() {
				t.Errorf("%s is lost", field.Name)
			}
		}
	})

	t.Run("go vet sees a Config that is copied", func(t *testing.T) {
		t.Parallel()
		if !holdsLock(reflect.TypeFor[chiauth0.Config]()) {
			t.Error("nothing in Config has the methods Lock and Unlock, so vet's copylocks is silent")
		}
	})
}

// fullConfig has a value in every exported field.
func fullConfig(t *testing.T) *chiauth0.Config {
	t.Helper()
	c := &chiauth0.Config{}
	v := reflect.ValueOf(c).Elem()
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
		case reflect.Map:
			f.Set(reflect.MakeMap(f.Type()))
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		case reflect.Func:
			f.Set(reflect.MakeFunc(f.Type(), func([]reflect.Value) []reflect.Value { return nil }))
		case reflect.Interface:
			f.Set(reflect.ValueOf(userprovider.NewMemory()))
		case reflect.Struct:
			f.FieldByName("GroupsField").SetString("x")
		default:
			t.Fatalf("a field of kind %v: add it here", f.Kind())
		}
	}
	return c
}

// holdsLock is the rule of vet's copylocks.
func holdsLock(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	_, lock := reflect.PointerTo(t).MethodByName("Lock")
	_, unlock := reflect.PointerTo(t).MethodByName("Unlock")
	if lock && unlock {
		return true
	}
	for field := range t.Fields() {
		if holdsLock(field.Type) {
			return true
		}
	}
	return false
}
