package chiauth0_test

import (
	"strings"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
)

func TestStrayBytesInAuthorizationParams(t *testing.T) {
	t.Parallel()
	c := validConfig()
	c.AuthorizationParams = map[string]string{"ui_locales": "de\n"}
	err := c.Validate()
	if err == nil || !strings.Contains(err.Error(), `AuthorizationParams["ui_locales"]`) {
		t.Errorf("the error is %v, want one that names the parameter", err)
	}
}

// TestStrayBytes adds bytes that were not meant to be part of a setting to each setting that is a
// text.
func TestStrayBytes(t *testing.T) {
	t.Parallel()
	type config = chiauth0.Config
	settings := map[string]func(*config) *string{
		"Domain":         func(c *config) *string { return &c.Domain },
		"ClientID":       func(c *config) *string { return &c.ClientID },
		"ClientSecret":   func(c *config) *string { return &c.ClientSecret },
		"SigningAlg":     func(c *config) *string { return &c.SigningAlg },
		"AccessTokenAlg": func(c *config) *string { return &c.AccessTokenAlg },
		"BaseURL":        func(c *config) *string { return &c.BaseURL },
		"MountPath":      func(c *config) *string { return &c.MountPath },
		"CallbackURI":    func(c *config) *string { return &c.CallbackURI },
		"HomePath":       func(c *config) *string { return &c.HomePath },
		"PostLogoutURL":  func(c *config) *string { return &c.PostLogoutURL },
		"Audience":       func(c *config) *string { return &c.Audience },
		"Organization":   func(c *config) *string { return &c.Organization },
		"Connection":     func(c *config) *string { return &c.Connection },
		"ACRValues":      func(c *config) *string { return &c.ACRValues },
		"GroupsField":    func(c *config) *string { return &c.Mapping.GroupsField },
		"StaffGroup":     func(c *config) *string { return &c.Mapping.StaffGroup },
		"SuperuserGroup": func(c *config) *string { return &c.Mapping.SuperuserGroup },
		"Scopes":         func(c *config) *string { return &c.Scopes[1] },
		"Organizations":  func(c *config) *string { return &c.Organizations[0] },
		"Secrets":        func(c *config) *string { return &c.Secrets[0] },
	}
	full := func() *config {
		c := validConfig()
		c.ClientSecret = "hunter2hunter2hunter2hunter2hunter2"
		c.SigningAlg, c.AccessTokenAlg = "RS256", "RS256"
		c.MountPath, c.CallbackURI, c.HomePath = "/auth0", "/custom/path", "/start"
		c.PostLogoutURL, c.Audience = "https://app.example/bye", "https://api.example"
		c.Organization, c.Connection, c.ACRValues = "org_a", "google-oauth2", "mfa"
		c.Mapping.GroupsField = "https://app.example/groups"
		c.Mapping.StaffGroup, c.Mapping.SuperuserGroup = "staff", "root"
		c.Scopes, c.Organizations = []string{"openid", "email"}, []string{"org_a"}
		c.Secrets = []string{"hunter2hunter2hunter2hunter2hunter2"}
		return c
	}
	if err := full().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, setting := range settings {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			value := *setting(full())
			for _, stray := range []string{
				value + "\n", "\n" + value, value + "\r\n", value + " ", "\t" + value,
				value + "\x00",
				value[:2] + "\n" + value[2:], `"` + value + `"`, "'" + value + "'",
				"\ufeff" + value,
				value + "\u200b", "\u00a0" + value,
			} {
				c := full()
				*setting(c) = stray
				err := c.Validate()
				if err == nil {
					t.Errorf("%q is accepted", stray)
					continue
				}
				text := err.Error()
				if !strings.Contains(text, field) || !strings.Contains(text, "remove") {
					t.Errorf("the error for %q does not name the field or the fix: %v", stray, err)
				}
				if strings.Contains(text, "\n") {
					t.Errorf("several errors for %q: %v", stray, err)
				}
				if strings.Contains(text, "hunter2") {
					t.Errorf("the error shows a secret: %v", err)
				}
				if *setting(c) != stray {
					t.Errorf("Validate has changed the Config to %q", *setting(c))
				}
			}
		})
	}
}
