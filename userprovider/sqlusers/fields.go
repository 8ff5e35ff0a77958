package sqlusers

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/chiauth0/auth/userprovider"
)

// CheckFields implements [userprovider.FieldChecker]. A field is a column of the table, by its exact name, and "email"
// is Columns.Email. The error names the columns that are not there, that no claim may write (those in [Columns], and what
// userprovider's Mapping.Validate refuses), and whose type can hold no claim.
func (p *Provider[T]) CheckFields(fields []string) error {
	var faults []error
	for _, field := range fields {
		if _, err := p.column(field); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// column returns the column of a field. It has no name if the field is the e-mail, and the table keeps none.
func (s *settings) column(field string) (column, error) {
	name := field
	if field == emailField {
		name = s.columns.Email
		if name == "" {
			return column{}, nil
		}
	}
	c, ok := s.catalog[name]
	fault := func(format string, args ...any) (column, error) {
		return column{}, fmt.Errorf("sqlusers: table %s: the field %q "+format, append([]any{s.name, field}, args...)...)
	}
	switch {
	case !ok:
		return fault("is no column; add it to the table, or do not map it (it has %s)",
			strings.Join(slices.Sorted(maps.Keys(s.catalog)), ", "))
	case field == emailField: // its name is Columns.Email, which is never a stranger's choice
	case s.isReserved(field):
		return fault("is a column that no claim may write; map the claim to another one")
	}
	switch {
	case c.generated:
		return fault("is a column that the database alone writes; map the claim to another one")
	case c.kind == other:
		return fault("is %s, which can hold no claim; map the claim to a text, number, boolean or JSON column",
			describeType(c.typ))
	}
	return c, nil
}

const emailField = "email"

func (s *settings) isReserved(field string) bool {
	known := slices.ContainsFunc(s.known(), func(name string) bool { return strings.EqualFold(name, field) })
	return known || userprovider.Mapping{Fields: map[string]string{field: "claim"}}.Validate() != nil
}

func describeType(typ string) string {
	if typ == "" { // SQLite takes that
		return "of no type"
	}
	return "of the type " + typ
}

// An assignment is a column and what a login puts into it.
type assignment struct {
	column column
	value  any
}

// changes returns what a login writes, in a fixed order, or an error that names the field that cannot be written.
func (s *settings) changes(login userprovider.Login) ([]assignment, error) {
	if err := s.checkIdentity(login.Identity); err != nil {
		return nil, err
	}
	var changes []assignment
	for _, field := range slices.Sorted(maps.Keys(login.Fields)) {
		c, err := s.column(field)
		if err != nil {
			return nil, err
		}
		if c.name == "" {
			continue
		}
		value, err := c.value(s.dialect, login.Fields[field])
		if err != nil {
			return nil, fmt.Errorf("sqlusers: table %s: the field %q %w", s.name, field, err)
		}
		changes = append(changes, assignment{c, value})
	}

	set := func(role, name string, value *bool) error {
		if value == nil {
			return nil
		}
		if name == "" {
			return fmt.Errorf("sqlusers: table %s has no %s column, and a login sets that role; name one in Table.Columns, or "+
				"configure no group for it in userprovider.Mapping", s.name, role)
		}
		changes = append(changes, assignment{s.catalog[name], *value})
		return nil
	}
	if err := errors.Join(
		set("Staff", s.columns.Staff, login.Staff),
		set("Superuser", s.columns.Superuser, login.Superuser),
	); err != nil {
		return nil, err
	}
	if s.reactivate {
		changes = append(changes, assignment{s.catalog[s.columns.Active], true})
	}
	return changes, nil
}

func (s *settings) checkIdentity(identity userprovider.Identity) error {
	if identity.Issuer == "" || identity.Subject == "" {
		return fmt.Errorf("sqlusers: table %s: a login needs issuer and subject, got %q and %q",
			s.name, identity.Issuer, identity.Subject)
	}
	if s.columns.Issuer == "" && identity.Issuer != s.issuer {
		return fmt.Errorf("sqlusers: table %s: a login of the issuer %q, but Table.Issuer is %q and there is no issuer column",
			s.name, identity.Issuer, s.issuer)
	}
	for _, name := range s.key() {
		value := identity.Subject
		if name == s.columns.Issuer {
			value = identity.Issuer
		}
		// PostgreSQL cuts spaces off the end of what is too long, which would make two people one.
		if _, err := s.catalog[name].value(s.dialect, value); err != nil {
			return fmt.Errorf("sqlusers: table %s: the column %q %w", s.name, name, err)
		}
	}
	return nil
}
