package providertest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

func update(p *probe) error {
	user, err := p.sync(p.login(p.subject, p.texts("Ada", "Byron")))
	if err != nil {
		return err
	}
	later, err := p.sync(p.login(p.subject, p.texts("Ada", "Lovelace")))
	if err != nil {
		return err
	}
	if later.ID != user.ID {
		return fmt.Errorf("the second login made user %q, the first was %q", later.ID, user.ID)
	}
	if _, err := p.sync(p.login(p.subject, p.texts("Ada", ""))); err != nil {
		return fmt.Errorf("a field set to the empty string: %w", err)
	}
	return nil
}

func absentFields(p *probe) error {
	first := p.login(p.subject, p.texts("Ada", "Lovelace"))
	if _, err := p.sync(first); err != nil {
		return err
	}
	want := map[string]any{
		"email":     first.Fields["email"],
		p.Fields[0]: "Augusta",
		p.Fields[1]: "Lovelace",
	}
	for _, fields := range []map[string]any{{p.Fields[0]: "Augusta"}, {}, nil} {
		login := p.login(p.subject, nil)
		login.Fields = fields
		user, err := p.sync(login)
		if err != nil {
			return err
		}
		if err := p.stored(user, want); err != nil {
			return fmt.Errorf("after a login that writes %v: %w", fields, err)
		}
	}
	return nil
}

// valuesStay checks that a login does not change a user that a handler has already.
func valuesStay(p *probe) error {
	synced, err := p.sync(p.login(p.subject, p.texts("Ada", "Byron")))
	if err != nil {
		return err
	}
	found, err := p.provider.FindUser(p.ctx, synced.ID)
	if err != nil {
		return err
	}
	for method, user := range map[string]userprovider.User{"SyncUser": synced, "FindUser": found} {
		before := p.snapshot(user)
		if _, err := p.sync(p.login(p.subject, p.texts("Augusta "+method, "King"))); err != nil {
			return err
		}
		if after := p.snapshot(user); after != before {
			return fmt.Errorf("a later login changed the user that %s had returned from %.200s "+
				"to %.200s; replace the Value, since a handler may be reading "+
				"it", method, before, after)
		}
	}
	return nil
}

func hostileText(p *probe) error {
	for _, text := range []string{
		"Robert'); DROP TABLE users;--", `"quoted" \ 'twice'`, "%_*?[a-z]",
		"{{.Secret}} ${HOME} %s %!d(MISSING)", "<script>alert(1)</script>",
		"line\r\nbreak\ttab", " spaces around ", "null", "NaN", "=cmd|' /C calc'!A0",
		"a\x00b", "invalid \xff\xfe bytes", "\u202eright to left", "e\u0301 and é",
		"👩‍👩‍👧‍👦 \U0010ffff", strings.Repeat("long ", 1<<20/5),
	} {
		if err := p.storedOrRefused(p.Fields[1], text); err != nil {
			return fmt.Errorf("%.30q: %w", text, err)
		}
		// With the subject, since e-mails may have to be unique.
		if err := p.storedOrRefused("email", text+p.subject); err != nil {
			return fmt.Errorf("%.30q: %w", text, err)
		}
	}
	return nil
}

func otherTypes(p *probe) error {
	for _, value := range []any{
		true,
		json.Number("12345678901234567890"),
		1.5,
		[]any{"a", json.Number("1")},
		map[string]any{"a": []any{true}},
	} {
		if err := p.storedOrRefused(p.Fields[1], value); err != nil {
			return fmt.Errorf("a %T: %w", value, err)
		}
	}
	return nil
}

// unknownField writes a field that no provider has by chance. A provider with a fixed set of fields
// must refuse it.
func unknownField(p *probe) error {
	const field = "chiauth0_no_such_field"
	if err := p.checkFieldChecker(field); err != nil {
		return err
	}
	return p.storedOrRefused(field, "x")
}

func (p *probe) checkFieldChecker(unknown string) error {
	checker, ok := p.provider.(userprovider.FieldChecker)
	if !ok {
		return nil
	}
	if err := checker.CheckFields([]string{"email", p.Fields[0], p.Fields[1]}); err != nil {
		return fmt.Errorf("CheckFields refuses the fields of Config.Fields: %w", err)
	}
	err := checker.CheckFields([]string{unknown, "email"})
	if err == nil {
		return nil
	}
	if !namesField(err, unknown) {
		return fmt.Errorf("CheckFields does not name the field %q: %w", unknown, err)
	}
	login := p.login(p.subject, map[string]any{unknown: "x"})
	if _, err := p.provider.SyncUser(p.ctx, login); err == nil {
		return fmt.Errorf("CheckFields refuses the field %q, SyncUser accepts it", unknown)
	}
	return nil
}

// storedOrRefused writes a value into a field of an existing user. A provider stores exactly this
// value, or returns an error that names the field and stores nothing of the login.
func (p *probe) storedOrRefused(field string, value any) error {
	before, err := p.sync(p.login(p.subject, p.texts("Ada", "Lovelace")))
	if err != nil {
		return err
	}
	login := p.login(p.subject, map[string]any{p.Fields[0]: "Augusta", field: value})
	login.Staff = new(!before.Staff)
	user, err := p.provider.SyncUser(p.ctx, login)
	if err != nil {
		if !namesField(err, field) {
			return fmt.Errorf("the error for %q does not name the field: %.300w", field, err)
		}
		if err := p.unchanged(before); err != nil {
			return fmt.Errorf("a refused login stored something: %w", err)
		}
		return nil
	}
	if user.ID != before.ID {
		return fmt.Errorf("writing the field %q returned user %q, want "+
			"%q", field, user.ID, before.ID)
	}
	if p.Read != nil && !holds(p.Read(user)[field], value) {
		return fmt.Errorf("the field %q holds %#.100v after a login that writes %#.100v and has "+
			"no error", field, p.Read(user)[field], value)
	}
	return p.unchanged(user)
}

// holds compares text byte by byte. Another value may have the type of its field, as the number 1
// becomes the text "1".
func holds(have, want any) bool {
	if _, text := want.(string); text || have == nil {
		return have == want
	}
	if reflect.DeepEqual(have, want) || fmt.Sprint(have) == fmt.Sprint(want) {
		return true
	}
	encoded, err := json.Marshal(want)
	return err == nil && fmt.Sprint(have) == string(encoded)
}

func callersLogin(p *probe) error {
	fields := p.texts("Ada", "Lovelace")
	login := p.login(p.subject, fields)
	claims := len(login.Claims)
	user, err := p.sync(login)
	if err != nil {
		return err
	}
	fields["email"] = login.Identity.Email
	if !reflect.DeepEqual(login.Fields, fields) || len(login.Claims) != claims {
		return fmt.Errorf("SyncUser changed the login to %v, %v", login.Fields, login.Claims)
	}

	// A later change of the caller's maps must not reach the store.
	login.Fields[p.Fields[0]] = "changed"
	login.Claims[p.Fields[0]] = "changed"
	found, err := p.provider.FindUser(p.ctx, user.ID)
	if err != nil {
		return err
	}
	if err := p.stored(found, fields); err != nil {
		return fmt.Errorf("the provider kept the maps of the login: %w", err)
	}
	return nil
}
