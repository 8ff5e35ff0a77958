package chiauth0

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// ConfigFromEnv reads the Config from the environment: AUTH0_DOMAIN, AUTH0_CLIENT_ID,
// AUTH0_CLIENT_SECRET, AUTH0_AUDIENCE, AUTH0_SCOPES, AUTH0_CALLBACK_URI,
// AUTH0_USER_FIELD_MAPPING, AUTH0_ACCESS_TOKEN_CLAIM_MAPPING, AUTH0_GROUPS_FIELD,
// AUTH0_SUPERUSER_GROUP, AUTH0_STAFF_GROUP, AUTH0_SECRET, APP_BASE_URL and
// APP_ORIGINS.
//
// Each secret can be in a file instead: AUTH0_CLIENT_SECRET_FILE and AUTH0_SECRET_FILE name the
// files. One line end at the end of a file is removed. AUTH0_SECRET_FILE may have one secret on
// each line.
//
// Mappings are pairs of a user field and a claim, such as
// "first_name=given_name,last_name=https://app.example/surname". Lists (AUTH0_SCOPES, AUTH0_SECRET,
// APP_ORIGINS) are separated by commas, scopes by spaces as well. White space and quotation marks
// around a value are refused. The error joins all faults that [Config.Validate] finds.
func ConfigFromEnv() (*Config, error) {
	var env environment
	c := &Config{
		Domain:       os.Getenv("AUTH0_DOMAIN"),
		ClientID:     os.Getenv("AUTH0_CLIENT_ID"),
		ClientSecret: env.secret("AUTH0_CLIENT_SECRET"),
		Audience:     os.Getenv("AUTH0_AUDIENCE"),
		Scopes:       env.scopes("AUTH0_SCOPES"),
		CallbackURI:  os.Getenv("AUTH0_CALLBACK_URI"),
		BaseURL:      os.Getenv("APP_BASE_URL"),
		Origins:      env.list("APP_ORIGINS"),
		Secrets:      env.secrets("AUTH0_SECRET"),
		Mapping: userprovider.Mapping{
			Fields:            env.mapping("AUTH0_USER_FIELD_MAPPING"),
			AccessTokenFields: env.mapping("AUTH0_ACCESS_TOKEN_CLAIM_MAPPING"),
			GroupsField:       os.Getenv("AUTH0_GROUPS_FIELD"),
			StaffGroup:        os.Getenv("AUTH0_STAFF_GROUP"),
			SuperuserGroup:    os.Getenv("AUTH0_SUPERUSER_GROUP"),
		},
	}
	c.ClientKey = env.signer("AUTH0_CLIENT_ASSERTION_SIGNING_KEY")
	c.ClientKeyAlg = os.Getenv("AUTH0_CLIENT_ASSERTION_SIGNING_ALG")
	if err := errors.Join(append(env.faults, c.Validate())...); err != nil {
		return nil, err
	}
	return c, nil
}

// environment reads variables and collects what is wrong with them.
type environment struct{ faults faults }

// text reads a variable whose value is split, and refuses what checkText refuses. Validate would
// only see the parts.
func (e *environment) text(name string) string {
	value := os.Getenv(name)
	meant, err := checkText(value)
	if err != nil {
		e.faults.addf("%s %q %w", name, value, err)
	}
	return meant
}

func (e *environment) scopes(name string) []string {
	return strings.FieldsFunc(e.text(name), func(c rune) bool { return c == ' ' || c == ',' })
}

// list reads values that are separated by commas. A missing variable is no list.
func (e *environment) list(name string) []string {
	text := e.text(name)
	if text == "" {
		return nil
	}
	values := strings.Split(text, ",")
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return values
}

// secret reads a variable, or the file that the variable with the suffix _FILE names.
func (e *environment) secret(name string) string {
	value, path := os.Getenv(name), os.Getenv(name+"_FILE")
	if path == "" {
		return value
	}
	if value != "" {
		e.faults.addf("%s and %s_FILE are both set: remove one of them", name, name)
		return value
	}
	value, err := readSecretFile(path)
	if err != nil {
		e.faults.addf("%s_FILE: %w", name, err)
		return ""
	}
	return value
}

// secrets reads a list of secrets. A missing variable is no list.
func (e *environment) secrets(name string) []string {
	value := e.secret(name)
	if value == "" {
		return nil
	}
	meant, err := checkSecretList(value)
	if err != nil {
		e.faults.addf("%s %w", name, err)
	}
	var secrets []string
	for secret := range strings.SplitSeq(meant, ",") {
		secrets = append(secrets, strings.TrimSpace(secret))
	}
	return secrets
}

// checkSecretList is checkText for a list in a file, where a line end separates two secrets.
func checkSecretList(value string) (string, error) {
	lines := strings.ReplaceAll(value, "\r\n", "\n")
	if strings.TrimSpace(lines) != lines {
		return checkText(lines)
	}
	return checkText(strings.ReplaceAll(lines, "\n", ","))
}

// maxSecretFile bounds the size of a file with a secret.
const maxSecretFile = 64 << 10

// readSecretFile reads a file without the line end that editors and `echo` add. An empty file is
// an error.
func readSecretFile(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	if err != nil {
		return "", err
	}
	if len(content) > maxSecretFile {
		return "", fmt.Errorf("%s has more than %d bytes", path, maxSecretFile)
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}

// mapping reads pairs of a field and a claim.
func (e *environment) mapping(name string) map[string]string {
	value := e.text(name)
	if value == "" {
		return nil
	}
	mapping := map[string]string{}
	for pair := range strings.SplitSeq(value, ",") {
		field, claim, ok := strings.Cut(pair, "=")
		field, claim = strings.TrimSpace(field), strings.TrimSpace(claim)
		if !ok || field == "" || claim == "" {
			e.faults.addf("%s: %q is not a pair such as first_name=given_name", name, pair)
			continue
		}
		if _, twice := mapping[field]; twice {
			e.faults.addf("%s: the field %q is mapped twice", name, field)
			continue
		}
		mapping[field] = claim
	}
	return mapping
}

// signer reads a private key in PEM form.
func (e *environment) signer(name string) crypto.Signer {
	text := e.secret(name)
	if text == "" {
		return nil
	}

	key, err := parseClientKey(text)
	if err != nil {
		e.faults.addf("%s: %w", name, err)
		return nil
	}

	return key
}
