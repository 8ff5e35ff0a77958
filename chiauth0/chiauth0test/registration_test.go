package chiauth0test_test

import (
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// panics returns the panic value of a function as a string.
func panics(f func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	f()
	return ""
}

func TestAddClientPanics(t *testing.T) {
	t.Parallel()
	tenant := chiauth0test.New("http://tenant.test")
	for want, client := range map[string]chiauth0test.Client{
		`"/callback"`:        {CallbackURLs: []string{"/callback"}},
		`"http:///"`:         {LogoutURLs: []string{"http:///"}},
		`"http://a/#"`:       {LogoutURLs: []string{"http://a/#"}},
		`"/login"`:           {InitiateLoginURL: "/login"},
		`"/logout"`:          {BackchannelLogoutURL: "/logout"},
		`"guess"`:            {AuthMethods: []string{"guess"}},
		`PublicKeys`:         {AuthMethods: []string{chiauth0test.PrivateKeyJWT}},
		`SigningAlg`:         {SigningAlg: "ES256"},
		`OrganizationUsage`:  {OrganizationUsage: "sometimes"},
		`organization_name}`: {LogoutURLs: []string{"https://{organization_name}.a/"}},
	} {
		if got := panics(func() { tenant.AddClient(client) }); !strings.Contains(got, want) {
			t.Errorf("panic %q, want one that contains %s", got, want)
		}
	}
}

func TestAddClientDefaults(t *testing.T) {
	t.Parallel()
	tenant := chiauth0test.New("http://tenant.test")
	client := tenant.AddClient(chiauth0test.Client{})
	other := tenant.AddClient(chiauth0test.Client{})
	if client.ID == "" || client.ID == other.ID {
		t.Errorf("IDs are %q and %q", client.ID, other.ID)
	}
	if len(client.Secret) < 32 || client.Secret == other.Secret {
		t.Errorf("secrets are %q and %q", client.Secret, other.Secret)
	}
	if got := fmt.Sprint(client.AuthMethods); got != "[client_secret_post]" {
		t.Errorf("AuthMethods are %s", got)
	}
	keys := []*rsa.PublicKey{&testKeys()[0].PublicKey}
	client = tenant.AddClient(chiauth0test.Client{PublicKeys: keys})
	if got := fmt.Sprint(client.AuthMethods); got != "[private_key_jwt]" {
		t.Errorf("AuthMethods of a client with a key are %s", got)
	}
}

func TestAddUser(t *testing.T) {
	t.Parallel()
	tenant := chiauth0test.New("http://tenant.test")
	got := panics(func() { tenant.AddUser(chiauth0test.User{}) })
	if !strings.Contains(got, "Email") {
		t.Errorf("panic %q, want one that names User.Email", got)
	}
	user := tenant.AddUser(chiauth0test.User{Email: "Bob@Example.com"})
	if user.Nickname != "Bob" || user.Name != "Bob@Example.com" {
		t.Errorf("defaults are %+v", user)
	}
	if other := tenant.AddUser(chiauth0test.User{Email: ada}); other.Subject == user.Subject {
		t.Errorf("two users have the subject %s", user.Subject)
	}
	same := tenant.AddUser(chiauth0test.User{Email: "bob@example.com"})
	if same.Subject != user.Subject {
		t.Errorf("subject is %s, want %s", same.Subject, user.Subject)
	}
}

func TestAddOrganization(t *testing.T) {
	t.Parallel()
	tenant := chiauth0test.New("http://tenant.test")
	for _, name := range []string{"Acme", ""} {
		add := func() { tenant.AddOrganization(chiauth0test.Organization{Name: name}) }
		if got := panics(add); !strings.Contains(got, fmt.Sprintf("Name %q", name)) {
			t.Errorf("panic %q, want one that names %q", got, name)
		}
	}
	org := tenant.AddOrganization(chiauth0test.Organization{Name: "acme"})
	again := tenant.AddOrganization(org)
	if !strings.HasPrefix(org.ID, "org_") || again.ID != org.ID {
		t.Errorf("IDs are %q and %q", org.ID, again.ID)
	}
}
