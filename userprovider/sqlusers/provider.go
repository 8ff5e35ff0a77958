package sqlusers

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strconv"

	"github.com/chiauth0/auth/userprovider"
)

// A Querier runs the statements of a [Provider]. *sql.DB is one, and so is a type that wraps it for
// tracing, for tenants or for read replicas. Every statement of a provider returns rows, the ones
// that write included. Each must be its own transaction: with a *sql.Tx or a *sql.Conn, logins
// cannot run at the same time, and PostgreSQL accepts nothing more after a statement that failed.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// A Provider is a [userprovider.UserProvider] for a table of the application. It is also a
// FieldChecker, a RoleChecker and a SubjectFinder. All methods are safe for concurrent use.
type Provider[T any] struct {
	settings
	db        Querier
	byID      string // selects a user by ID
	bySubject string // selects a user by identity
	scan      func(row Row) (T, error)
	wanted    int // the number of columns that scan reads
}

// New returns a provider for an existing table (see [Schema]). It reads the columns of the table
// and refuses a table that would fail at logins or mix up users: two rows with one issuer and
// subject, an ID that is given again, a column that must not be NULL and has no value. It changes
// nothing in the database. The table must not lose columns while the provider is in use.
//
// The error wraps userprovider.ErrMisconfigured if the table or the settings are at fault. Any
// other error means that the database does not answer.
//
// SQLite needs a busy timeout: _pragma=busy_timeout(5000) or _busy_timeout=5000 in the data source
// name, depending on the driver. Without one, simultaneous logins can fail, and New logs a warning.
func New[T any](ctx context.Context, db Querier, table Table[T]) (*Provider[T], error) {
	s, err := table.settings()
	if err != nil {
		return nil, err
	}
	if err := s.readCatalog(ctx, db); err != nil {
		return nil, err
	}
	s.chooseDeletedAt()
	if err := s.check(ctx, db, table.Select, table.SkipIDCheck); err != nil {
		return nil, err
	}
	s.checkBusyTimeout(ctx, db, table.logger())
	s.selected = s.selectList(table.Select)
	return &Provider[T]{
		settings:  s,
		db:        db,
		byID:      s.selectByID(),
		bySubject: s.selectBySubject(),
		scan:      table.Scan,
		wanted:    len(table.Select),
	}, nil
}

// maxRounds is how often a login is tried. The second round finds the user that another login made
// in the meantime. A third one is needed only if that user was deleted since.
const maxRounds = 3

// SyncUser implements [userprovider.UserProvider]. A login that changes nothing is one statement
// and no write. A login that changes something, and a first login, are two. With a LastLogin column
// a login is one write, and a first login two. Each statement is its own transaction.
//
// A statement that fails because of a concurrent one, a restart of the server or a migration is
// repeated, at most five times. The other errors have the kinds that the interface lists.
func (p *Provider[T]) SyncUser(
	ctx context.Context, login userprovider.Login,
) (userprovider.User, error) {
	changes, err := p.changes(login)
	if err != nil {
		return userprovider.User{}, err
	}
	s := p.loginStatements(login, changes)

	var user userprovider.User
	err = p.retry(ctx, func() error {
		var err error
		user, err = p.store(ctx, s)
		if p.isUniqueViolation(err) {
			// Possibly the row that a simultaneous first login of this user inserted. The
			// second try then finds it.
			user, err = p.store(ctx, s)
		}
		return err
	})
	if err != nil {
		return userprovider.User{}, p.explainLogin(err, login)
	}
	return user, nil
}

// store finds the user and updates it, or inserts it.
func (p *Provider[T]) store(ctx context.Context, s loginStatements) (userprovider.User, error) {
	for range maxRounds {
		user, err := p.update(ctx, s)
		if !errors.Is(err, sql.ErrNoRows) {
			return user, err
		}
		user, err = p.read(ctx, s.insert)
		if err == nil {
			user.Created = true
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return user, err
		}
	}
	return userprovider.User{}, errNotStored
}

// update returns the user as it is after the login, or sql.ErrNoRows. It writes only if something
// changes.
func (p *Provider[T]) update(ctx context.Context, s loginStatements) (userprovider.User, error) {
	if s.compare.sql == "" {
		return p.read(ctx, s.update)
	}
	var changed bool
	user, err := p.read(ctx, s.compare, &changed)
	if err != nil || !changed {
		return user, err
	}
	return p.read(ctx, s.update)
}

// FindUser implements [userprovider.UserProvider]. It is one read by the primary key.
func (p *Provider[T]) FindUser(ctx context.Context, id string) (userprovider.User, error) {
	var key any = id
	if c := p.catalog[p.columns.ID]; c.kind == integer {
		number, err := strconv.ParseInt(id, 10, c.bits)
		if err != nil {
			return userprovider.User{}, userprovider.ErrNotFound
		}
		key = number
	}
	user, err := p.find(ctx, statement{p.byID, []any{key}})
	if err != nil {
		return userprovider.User{}, err
	}
	if user.ID != id { // 007 is not 7, and a collation may take A for a
		return userprovider.User{}, userprovider.ErrNotFound
	}
	return user, nil
}

// FindSubject implements [userprovider.SubjectFinder]. It is one read by the unique index.
func (p *Provider[T]) FindSubject(
	ctx context.Context, issuer, subject string,
) (userprovider.User, error) {
	identity := userprovider.Identity{Issuer: issuer, Subject: subject}
	if p.checkIdentity(identity) != nil {
		return userprovider.User{}, userprovider.ErrNotFound
	}
	return p.find(ctx, statement{p.bySubject, p.keyValues(identity)})
}

func (p *Provider[T]) find(ctx context.Context, s statement) (userprovider.User, error) {
	var user userprovider.User
	err := p.retry(ctx, func() error {
		var err error
		user, err = p.read(ctx, s)
		return err
	})
	switch {
	case err == nil:
		return user, nil
	case errors.Is(err, sql.ErrNoRows), isDataException(err): // no row has a value like this
		return userprovider.User{}, userprovider.ErrNotFound
	default:
		return userprovider.User{}, p.explainFind(err)
	}
}

// logger returns Table.Logger or its default.
func (t Table[T]) logger() *slog.Logger {
	if t.Logger != nil {
		return t.Logger
	}
	return slog.Default()
}
