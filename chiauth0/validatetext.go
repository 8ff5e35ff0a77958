package chiauth0

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// text is a setting that is a string.
type text struct {
	name   string // as errors name it
	value  *string
	secret bool
}

// texts returns all settings of the Config that are strings.
func (c *Config) texts() []text {
	texts := []text{
		{name: "Domain (AUTH0_DOMAIN)", value: &c.Domain},
		{name: "ClientID (AUTH0_CLIENT_ID)", value: &c.ClientID},
		{name: "ClientSecret (AUTH0_CLIENT_SECRET)", value: &c.ClientSecret, secret: true},
		{name: "SigningAlg", value: &c.SigningAlg},
		{name: "AccessTokenAlg", value: &c.AccessTokenAlg},
		{name: "BaseURL (APP_BASE_URL)", value: &c.BaseURL},
		{name: "MountPath", value: &c.MountPath},
		{name: "CallbackURI (AUTH0_CALLBACK_URI)", value: &c.CallbackURI},
		{name: "HomePath", value: &c.HomePath},
		{name: "PostLogoutURL", value: &c.PostLogoutURL},
		{name: "Audience (AUTH0_AUDIENCE)", value: &c.Audience},
		{name: "Organization", value: &c.Organization},
		{name: "Connection", value: &c.Connection},
		{name: "ACRValues", value: &c.ACRValues},
		{name: "Mapping.GroupsField (AUTH0_GROUPS_FIELD)", value: &c.Mapping.GroupsField},
		{name: "Mapping.StaffGroup (AUTH0_STAFF_GROUP)", value: &c.Mapping.StaffGroup},
		{name: "Mapping.SuperuserGroup (AUTH0_SUPERUSER_GROUP)", value: &c.Mapping.SuperuserGroup},
	}
	texts = appendTexts(texts, "Scopes (AUTH0_SCOPES)", c.Scopes, false)
	texts = appendTexts(texts, "Origins (APP_ORIGINS)", c.Origins, false)
	texts = appendTexts(texts, "Organizations", c.Organizations, false)
	return appendTexts(texts, "Secrets (AUTH0_SECRET)", c.Secrets, true)
}

func appendTexts(texts []text, name string, values []string, secret bool) []text {
	for i := range values {
		name := fmt.Sprintf("%s: number %d", name, i+1)
		texts = append(texts, text{name: name, value: &values[i], secret: secret})
	}
	return texts
}

// checkTexts refuses bytes that were not meant to be part of a setting. It replaces a faulty value
// by the one that was probably meant, so that the value is not refused a second time.
func (c *Config) checkTexts(found *faults) {
	for _, t := range c.texts() {
		meant, err := checkText(*t.value)
		if err != nil && t.secret {
			found.addf("%s %w", t.name, err)
		} else if err != nil {
			found.addf("%s %q %w", t.name, maskURL(*t.value), err)
		}
		*t.value = meant
	}
	for _, name := range slices.Sorted(maps.Keys(c.AuthorizationParams)) {
		value := c.AuthorizationParams[name]
		if _, err := checkText(value); err != nil {
			found.addf("AuthorizationParams[%q] %q %w", name, value, err)
		}
	}

	// RFC 6749, appendixes A.1 and A.2.
	if strings.ContainsFunc(c.ClientID, notPrintableASCII) {
		found.addf("ClientID (AUTH0_CLIENT_ID) %q has a character outside of printable ASCII",
			c.ClientID)
	}
	if strings.ContainsFunc(c.ClientSecret, notPrintableASCII) {
		found.addf("ClientSecret (AUTH0_CLIENT_SECRET) has a character outside of printable ASCII")
	}
}

// checkText returns the value that was meant, and what is wrong with the given one.
func checkText(value string) (meant string, err error) {
	trimmed := strings.TrimSpace(value)
	if trimmed != value {
		return trimmed, errors.New("begins or ends with white space or a line end: remove it")
	}
	if strings.ContainsFunc(value, isInvisible) {
		meant = strings.Map(dropInvisible, value)
		return meant, errors.New("has a line end or an invisible character in it: remove it")
	}
	if isQuoted(value) {
		return value[1 : len(value)-1], errors.New("is in quotation marks: remove them")
	}
	return value, nil
}

// isQuoted reports whether a value still has the quotation marks of a shell or of an env file.
func isQuoted(value string) bool {
	if len(value) < 2 || value[0] != value[len(value)-1] {
		return false
	}
	return value[0] == '"' || value[0] == '\''
}

func isInvisible(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) }

func dropInvisible(c rune) rune {
	if isInvisible(c) {
		return -1
	}
	return c
}

func notPrintableASCII(c rune) bool { return c < ' ' || c > '~' }
