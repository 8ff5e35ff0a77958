package chiauth0

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// ConfigFromEnv reads the Config from the environment: AUTH0_DOMAIN, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET,
// AUTH0_AUDIENCE, AUTH0_SCOPES, AUTH0_CALLBACK_URI, AUTH0_USER_FIELD_MAPPING, AUTH0_ACCESS_TOKEN_CLAIM_MAPPING,
// AUTH0_GROUPS_FIELD, AUTH0_SUPERUSER_GROUP, AUTH0_STAFF_GROUP, AUTH0_SECRET and APP_BASE_URL.
//
// Mappings are pairs of a user field and a claim, "first_name=given_name,last_name=https://app.example/surname". Lists
// (AUTH0_SCOPES, AUTH0_SECRET) are divided by commas, scopes by spaces as well. The error joins every fault that
// [Config.Validate] finds.
func ConfigFromEnv() (*Config, error) {
	fields, fieldsErr := parseMapping("AUTH0_USER_FIELD_MAPPING")
	accessFields, accessErr := parseMapping("AUTH0_ACCESS_TOKEN_CLAIM_MAPPING")
	c := &Config{
		Domain:       os.Getenv("AUTH0_DOMAIN"),
		ClientID:     os.Getenv("AUTH0_CLIENT_ID"),
		ClientSecret: os.Getenv("AUTH0_CLIENT_SECRET"),
		Audience:     os.Getenv("AUTH0_AUDIENCE"),
		Scopes:       strings.FieldsFunc(os.Getenv("AUTH0_SCOPES"), func(r rune) bool { return r == ' ' || r == ',' }),
		CallbackURI:  os.Getenv("AUTH0_CALLBACK_URI"),
		BaseURL:      os.Getenv("APP_BASE_URL"),
		Mapping: userprovider.Mapping{
			Fields:            fields,
			AccessTokenFields: accessFields,
			GroupsField:       os.Getenv("AUTH0_GROUPS_FIELD"),
			StaffGroup:        os.Getenv("AUTH0_STAFF_GROUP"),
			SuperuserGroup:    os.Getenv("AUTH0_SUPERUSER_GROUP"),
		},
	}
	if secrets := os.Getenv("AUTH0_SECRET"); secrets != "" {
		for secret := range strings.SplitSeq(secrets, ",") {
			c.Secrets = append(c.Secrets, strings.TrimSpace(secret))
		}
	}
	c.ClientKeyAlg = os.Getenv("AUTH0_CLIENT_ASSERTION_SIGNING_ALG")
	var keyErr error
	if text := os.Getenv("AUTH0_CLIENT_ASSERTION_SIGNING_KEY"); text != "" {
		if c.ClientKey, keyErr = parseClientKey(text); keyErr != nil {
			keyErr = fmt.Errorf("chiauth0: AUTH0_CLIENT_ASSERTION_SIGNING_KEY: %w", keyErr)
		}
	}
	if err := errors.Join(keyErr, fieldsErr, accessErr, c.Validate()); err != nil {
		return nil, err
	}
	return c, nil
}

func parseMapping(name string) (map[string]string, error) {
	value := os.Getenv(name)
	if value == "" {
		return nil, nil
	}
	var faults []error
	mapping := map[string]string{}
	for pair := range strings.SplitSeq(value, ",") {
		field, claim, ok := strings.Cut(pair, "=")
		field, claim = strings.TrimSpace(field), strings.TrimSpace(claim)
		_, twice := mapping[field]
		switch {
		case !ok || field == "" || claim == "":
			faults = append(faults, fmt.Errorf("chiauth0: %s: %q is not a pair such as first_name=given_name", name, pair))
		case twice:
			faults = append(faults, fmt.Errorf("chiauth0: %s: the field %q is mapped twice", name, field))
		default:
			mapping[field] = claim
		}
	}
	return mapping, errors.Join(faults...)
}
