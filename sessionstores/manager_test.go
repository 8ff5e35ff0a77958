package sessionstores_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

func TestNewHasSettingsForProduction(t *testing.T) {
	m := newManager(t)
	want := scs.SessionCookie{
		Name:     sessionstores.DefaultCookieName,
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		Persist:  true,
	}
	assertEqual(t, "cookie", m.Cookie, want)
	assertEqual(t, "idle timeout", m.IdleTimeout, 24*time.Hour)
	assertEqual(t, "lifetime", m.Lifetime, 72*time.Hour)
	assertEqual(t, "codec", m.Codec, scs.Codec(sessionstores.Codec{}))
	if m.Cookie.Name == scs.New().Cookie.Name {
		t.Errorf("cookie name: got %q, which is the one of scs", m.Cookie.Name)
	}
}

func TestNewPanicsWithoutAStore(t *testing.T) {
	defer func() {
		text, _ := recover().(string)
		if !strings.Contains(text, "memstore.New()") {
			t.Errorf("panic: got %q, want memstore.New() named", text)
		}
	}()
	sessionstores.New(nil)
}
