package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/chiauth0/auth/chiauth0/chiauth0test"
	"github.com/chiauth0/auth/userprovider/sqlusers"
)

// A person is a user of this application: a row of its table.
type person struct {
	ID                       int64
	Subject                  string
	Email                    string
	FirstName, LastName      string
	Active, Staff, Superuser bool
	Created                  time.Time
	LastLogin                time.Time // zero before the first login
}

// columns are the columns that scanPerson reads.
const columns = "id, subject, email, first_name, last_name, " +
	"active, staff, superuser, created_at, last_login"

func scanPerson(row sqlusers.Row) (person, error) {
	var p person
	var email, firstName, lastName sql.Null[string]
	var lastLogin sql.Null[time.Time]
	err := row.Scan(&p.ID, &p.Subject, &email, &firstName, &lastName,
		&p.Active, &p.Staff, &p.Superuser, &p.Created, &lastLogin)
	p.Email = email.V
	p.FirstName = firstName.V
	p.LastName = lastName.V
	p.LastLogin = lastLogin.V
	return p, err
}

// Name returns the name for the pages.
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

// Roles returns the names of the user's roles.
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

// people is the table of users: the provider for logins, and what the staff page does.
type people struct {
	*sqlusers.Provider[person]
	db *sql.DB
}

// setActive activates or deactivates a user.
func (p *people) setActive(ctx context.Context, id int64, active bool) error {
	const update = "UPDATE users SET active = $1 WHERE id = $2"
	_, err := p.db.ExecContext(ctx, update, active, id)
	return err
}

// createInactive creates users who are inactive before their first login.
func (p *people) createInactive(
	ctx context.Context, issuer string, users []chiauth0test.User,
) error {
	const insert = "INSERT INTO users (issuer, subject, email, active)" +
		" VALUES ($1, $2, $3, $4) ON CONFLICT (issuer, subject) DO NOTHING"
	for _, user := range users {
		_, err := p.db.ExecContext(ctx, insert, issuer, user.Subject, user.Email, false)
		if err != nil {
			return err
		}
	}
	return nil
}
