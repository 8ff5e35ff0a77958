package sqlusers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/chiauth0/auth/userprovider"
)

// errScan is an error of Table.Scan, or of a result that no retry changes.
var errScan = errors.New("Table.Scan")

// read returns the user of a statement's only row, or sql.ErrNoRows. extra are destinations for the
// columns in front of the select list.
func (p *Provider[T]) read(
	ctx context.Context, s statement, extra ...any,
) (userprovider.User, error) {
	rows, err := p.db.QueryContext(ctx, s.sql, s.args...)
	if err != nil {
		return userprovider.User{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return userprovider.User{}, err
		}
		return userprovider.User{}, sql.ErrNoRows
	}

	user, err := p.scanUser(rows, extra)
	if err != nil {
		if ctx.Err() != nil {
			return userprovider.User{}, ctx.Err()
		}
		return userprovider.User{}, err
	}
	if rows.Next() {
		return userprovider.User{}, fmt.Errorf("%w: the ID %q belongs to two "+
			"rows", errScan, user.ID)
	}
	// A write is done, and its errors are known, only at the end of the result.
	return user, rows.Err()
}

// scanUser reads the current row.
func (p *Provider[T]) scanUser(rows *sql.Rows, extra []any) (userprovider.User, error) {
	var id string
	var issuer, subject sql.NullString
	var active, staff, superuser sql.NullBool
	own := slices.Concat(extra, []any{&id, &issuer, &subject, &active, &staff, &superuser})

	value, err := p.scan(&row{rows.Scan, own, p.wanted})
	if err != nil {
		return userprovider.User{}, fmt.Errorf("%w: %w", errScan, err)
	}
	if id == "" {
		return userprovider.User{}, fmt.Errorf(
			"%w did not call the Scan of its row, or the ID of the user is empty", errScan)
	}
	if p.columns.Issuer == "" {
		issuer.String = p.issuer
	}
	return userprovider.User{
		ID:        id,
		Issuer:    issuer.String,
		Subject:   subject.String,
		Active:    active.Bool,
		Staff:     staff.Bool,
		Superuser: superuser.Bool,
		Value:     value,
	}, nil
}

// A row puts the provider's own columns in front of those of the application.
type row struct {
	scan   func(dest ...any) error
	own    []any
	wanted int
}

func (r *row) Scan(dest ...any) error {
	if err := checkCount(r.wanted, len(dest)); err != nil {
		return err
	}
	return r.scan(slices.Concat(r.own, dest)...)
}

func checkCount(wanted, got int) error {
	if got != wanted {
		return fmt.Errorf("sqlusers: Table.Select names %d columns, and Scan takes %d", wanted, got)
	}
	return nil
}

// errProbe is what a probe answers in place of data.
var errProbe = errors.New("sqlusers: New checks how many columns Table.Scan takes")

// A probe is a row without data that checks the number of destinations.
type probe struct {
	wanted int
	fault  error
}

func (p *probe) Scan(dest ...any) error {
	p.fault = checkCount(p.wanted, len(dest))
	return errProbe
}

// checkScan calls Scan with a row that has no data. A Scan that panics then is left alone: it may
// rely on a row that can be read.
func (t Table[T]) checkScan() (fault error) {
	p := &probe{wanted: len(t.Select)}
	defer func() {
		if recover() != nil {
			fault = nil
		}
	}()
	_, err := t.Scan(p)
	if err == nil && p.fault == nil {
		return nil // the error was ignored, or Scan was not called: read tells
	}
	return p.fault
}
