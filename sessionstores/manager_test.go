package sessionstores_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

func TestNewIsSafe(t *testing.T) {
	m := newManager(t)
	want := scs.SessionCookie{
		Name: sessionstores.DefaultCookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Persist: true,
	}
	if m.Cookie != want {
		t.Errorf("the cookie is %+v, want %+v", m.Cookie, want)
	}
	if m.IdleTimeout != 24*time.Hour || m.Lifetime != 72*time.Hour {
		t.Errorf("sessions last %v without a request, %v with", m.IdleTimeout, m.Lifetime)
	}
	if m.Codec != (sessionstores.Codec{}) {
		t.Errorf("the codec is a %T", m.Codec)
	}
	if m.Cookie.Name == scs.New().Cookie.Name {
		t.Error("the cookie has the name of any other scs application's")
	}
}

func TestConstructionPanics(t *testing.T) {
	for name, tt := range map[string]struct {
		construct func()
		want      string
	}{
		"no store": {func() { sessionstores.New(nil) }, "memstore.New()"},
		"G4: SameSite=Strict": {func() {
			m := newManager(t)
			m.Cookie.SameSite = http.SameSiteStrictMode
			sessionstores.Middleware(m)
		}, "use Lax"},
		"a cookie name that browsers refuse": {func() {
			m := newManager(t)
			m.Cookie.Name = "my session"
			sessionstores.Middleware(m)
		}, `"my session"`},
		"no cookie name": {func() {
			m := newManager(t)
			m.Cookie.Name = ""
			sessionstores.Middleware(m)
		}, "Cookie.Name"},
		"S12: tokens hashed twice": {func() {
			m := newManager(t)
			m.HashTokenInStore = true
			sessionstores.Middleware(m)
		}, "leave it out"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text, _ := recover().(string)
				if !strings.Contains(text, tt.want) || !strings.HasPrefix(text, "sessionstores: ") {
					t.Errorf("panics with %q, which does not say %q", text, tt.want)
				}
			}()
			tt.construct()
		})
	}
}

func TestLaterChangesHaveNoEffect(t *testing.T) {
	s := newSite(t, newManager(t))
	s.m.Cookie.HttpOnly = false
	if c := s.cookie(s.do("", s.put("cart", "tea"))); c == nil || !c.HttpOnly {
		t.Errorf("the cookie is %v", c)
	}
}
