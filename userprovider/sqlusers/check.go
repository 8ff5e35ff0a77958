package sqlusers

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
)

// check refuses a table that would fail at logins or mix up users. Names come first, since all else
// depends on them. Of each group of checks, all faults are reported.
func (s *settings) check(
	ctx context.Context, db Querier, selected []string, skipIDCheck bool,
) error {
	faults := s.checkNames(selected)
	if len(faults) == 0 {
		faults = slices.Concat(
			s.checkID(skipIDCheck),
			s.checkKey(),
			s.checkFlags(),
			s.checkTimes(),
			s.checkFilled(),
		)
	}
	if len(faults) == 0 {
		id := s.columns.ID
		faults = []error{
			s.checkUnique(ctx, db, s.conflictTarget(), s.key()),
			s.checkUnique(ctx, db, s.quote(id), []string{id}),
		}
	}
	return errors.Join(faults...)
}

func (s *settings) checkNames(selected []string) (faults []error) {
	if len(s.catalog) == 0 {
		return []error{s.fault("the table does not exist; create it (see Schema), or fix " +
			"Table.Name")}
	}
	existing := strings.Join(slices.Sorted(maps.Keys(s.catalog)), ", ")
	for _, list := range []struct {
		where string
		names []string
	}{
		{"Columns", s.meaningful()},
		{"Select", selected},
		{"Defaults", slices.Sorted(maps.Keys(s.defaults))},
	} {
		for _, name := range list.names {
			// Without this check SQLite reads "name" as the text 'name'.
			if _, ok := s.catalog[name]; !ok {
				faults = append(faults, s.fault("there is no column %q; fix Table.%s (the table "+
					"has %s)",
					name, list.where, existing))
			}
		}
	}
	seen := map[string]bool{}
	for _, name := range s.meaningful() {
		if seen[name] {
			faults = append(faults, s.fault("the column %q is twice in Table.Columns", name))
		}
		seen[name] = true
	}
	return slices.Concat(faults, s.checkDefaults())
}

func (s *settings) checkDefaults() (faults []error) {
	for _, name := range slices.Sorted(maps.Keys(s.defaults)) {
		if slices.Contains(s.key(), name) {
			faults = append(faults,
				s.fault("Table.Defaults has the column %q, which every login sets itself", name))
		}
		if s.catalog[name].generated {
			faults = append(faults,
				s.fault("Table.Defaults has the column %q, which the database computes", name))
		}
	}
	return faults
}

func (s *settings) checkID(skipIDCheck bool) (faults []error) {
	id := s.catalog[s.columns.ID]
	if id.kind != integer && id.kind != text && id.typ != "uuid" {
		faults = append(faults, s.fault("the column %q is %s; an ID must be an integer, text or "+
			"a UUID",
			id.name, describeType(id.typ)))
	}
	if id.reused && !skipIDCheck {
		faults = append(faults, s.fault("the column %q is an INTEGER PRIMARY KEY without "+
			"AUTOINCREMENT: SQLite gives the number of a deleted user to the next new user, and "+
			"with it the sessions that the deleted user left; add AUTOINCREMENT, or set "+
			"Table.SkipIDCheck if users are never deleted", id.name))
	}
	return faults
}

func (s *settings) checkKey() (faults []error) {
	for _, name := range s.key() {
		c := s.catalog[name]
		if c.kind != text || !c.exact {
			faults = append(faults, s.fault("the column %q is %s; it identifies users, so it "+
				"must be text that is compared byte by byte", name, describeType(c.typ)))
		}
		if c.generated {
			faults = append(faults, s.fault("the column %q is computed by the database; it "+
				"identifies users, so a login must be able to write it", name))
		}
	}
	return faults
}

// checkFlags checks Active, Staff, Superuser and DeletedAt. SQLite has no boolean type.
func (s *settings) checkFlags() (faults []error) {
	for _, name := range []string{s.columns.Active, s.columns.Staff, s.columns.Superuser} {
		if name == "" || s.dialect != PostgreSQL {
			continue
		}
		if c := s.catalog[name]; c.kind != boolean {
			faults = append(faults, s.fault("the column %q is %s; it must be boolean",
				name, describeType(c.typ)))
		}
	}
	if s.reactivate && s.catalog[s.columns.Active].generated {
		faults = append(faults, s.fault("Table.Reactivate is set, and the column %q is computed "+
			"by the database; leave Reactivate out", s.columns.Active))
	}
	if name := s.columns.DeletedAt; name != "" && s.catalog[name].notNull {
		faults = append(faults, s.fault("the column %q must not be NULL, so it cannot mark "+
			"deleted users; name another column in Table.Columns.DeletedAt, or set NoColumn", name))
	}
	return faults
}

func (s *settings) checkTimes() (faults []error) {
	for _, name := range []string{s.columns.Created, s.columns.Updated, s.columns.LastLogin} {
		if c := s.catalog[name]; name != "" && !s.holdsTime(c) {
			faults = append(faults, s.fault("the column %q is %s; it must be a timestamp or a "+
				"date; name another column in Table.Columns, or set "+
				"NoColumn", name, describeType(c.typ)))
		}
	}
	return faults
}

// holdsTime reports whether a login can write its time into the column. SQLite has no type for
// times: its date functions and its drivers use text.
func (s *settings) holdsTime(c column) bool {
	if c.kind == moment || c.generated {
		return true
	}
	return s.dialect == SQLite && (c.kind == text || c.typ == "" || strings.EqualFold(c.typ, "ANY"))
}

// checkFilled finds the columns that would make every first login fail.
func (s *settings) checkFilled() (faults []error) {
	for _, name := range slices.Sorted(maps.Keys(s.catalog)) {
		_, ok := s.defaults[name]
		if ok || !s.catalog[name].required() || s.alwaysFilled(name) {
			continue
		}
		faults = append(faults, s.fault("the column %q must not be NULL and has no default; give "+
			"it one in the table or in Table.Defaults", name))
	}
	return faults
}

// checkUnique makes the database plan a statement that needs a unique index on exactly these
// columns. The statement is not run.
func (s *settings) checkUnique(
	ctx context.Context, db Querier, target string, names []string,
) error {
	explain := "EXPLAIN INSERT INTO " + s.table() + " (" + s.quote(s.columns.Subject) + ")" +
		" SELECT '' WHERE FALSE ON CONFLICT (" + target + ") DO NOTHING"
	rows, err := db.QueryContext(ctx, explain)
	if err == nil {
		for rows.Next() {
		}
		err = errors.Join(rows.Err(), rows.Close())
	}
	switch {
	case err == nil:
		return nil
	case sqlState(err) == "42P10", containsAny(err, []string{"does not match any"}):
		return s.fault("it needs a UNIQUE constraint on exactly (%s), compared byte by byte, so "+
			"that no user is there twice; a partial index does not do; the database says: %w",
			strings.Join(names, ", "), err)
	default:
		return s.explain(err, "planning a login")
	}
}
