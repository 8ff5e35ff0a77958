package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// A person is this application's own user: a row of its table.
type person struct {
	ID                       int64
	Subject                  string
	Email                    string
	FirstName, LastName      string
	Active, Staff, Superuser bool
	Created, LastLogin       time.Time // LastLogin is zero for somebody who never was here
}

// columns are what scanPerson reads.
const columns = "id, subject, email, first_name, last_name, active, staff, superuser, created_at, last_login"

func scanPerson(row sqlusers.Row) (person, error) {
	var p person
	var email, firstName, lastName sql.Null[string]
	var lastLogin sql.Null[time.Time]
	err := row.Scan(&p.ID, &p.Subject, &email, &firstName, &lastName, &p.Active, &p.Staff, &p.Superuser, &p.Created, &lastLogin)
	p.Email, p.FirstName, p.LastName, p.LastLogin = email.V, firstName.V, lastName.V, lastLogin.V
	return p, err
}

// Name is how the pages call somebody.
func (p person) Name() string {
	switch {
	case p.FirstName != "" && p.LastName != "":
		return p.FirstName + " " + p.LastName
	case p.FirstName != "":
		return p.FirstName
	case p.Email != "":
		return p.Email
	default:
		return p.Subject
	}
}

// Roles are the names of the roles that somebody has.
func (p person) Roles() []string {
	var roles []string
	if p.Staff {
		roles = append(roles, "staff")
	}
	if p.Superuser {
		roles = append(roles, "superuser")
	}
	return roles
}

const timeFormat = time.DateTime + " UTC"

// LastSeen is when somebody last logged in, in words.
func (p person) LastSeen() string {
	if p.LastLogin.IsZero() {
		return "never"
	}
	return p.LastLogin.UTC().Format(timeFormat)
}

// people are the users: the provider that a login goes through, and what the staff page does with the same table.
type people struct {
	*sqlusers.Provider[person]
	db *sql.DB
}

// list returns all users, in the order in which they first logged in.
func (p *people) list(ctx context.Context) ([]person, error) {
	rows, err := p.db.QueryContext(ctx, "SELECT "+columns+" FROM users ORDER BY id LIMIT 200")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []person
	for rows.Next() {
		one, err := scanPerson(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// setActive lets a user sign in, or keeps them out from the next request on.
func (p *people) setActive(ctx context.Context, id int64, active bool) error {
	_, err := p.db.ExecContext(ctx, "UPDATE users SET active = $1 WHERE id = $2", active, id)
	return err
}

// createInactive makes local users who are switched off before their first login, as an administrator would.
func (p *people) createInactive(ctx context.Context, issuer string, users []chiauth0test.User) error {
	for _, user := range users {
		_, err := p.db.ExecContext(ctx, "INSERT INTO users (issuer, subject, email, active) VALUES ($1, $2, $3, $4)"+
			" ON CONFLICT (issuer, subject) DO NOTHING", issuer, user.Subject, user.Email, false)
		if err != nil {
			return err
		}
	}
	return nil
}
