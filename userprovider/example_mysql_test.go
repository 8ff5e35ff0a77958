package userprovider_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/chiauth0/auth/userprovider"
)

// Customers is a provider for a table in MySQL or MariaDB. The columns of the identity have a
// binary collation that does not ignore spaces, so that no two subjects are equal:
//
//	CREATE TABLE customers (
//	  id bigint AUTO_INCREMENT PRIMARY KEY,
//	  issuer varchar(255) COLLATE utf8mb4_0900_bin NOT NULL, -- MariaDB: utf8mb4_nopad_bin
//	  subject varchar(255) COLLATE utf8mb4_0900_bin NOT NULL,
//	  email varchar(320), first_name varchar(200),
//	  active boolean NOT NULL DEFAULT true,
//	  staff boolean NOT NULL DEFAULT false, superuser boolean NOT NULL DEFAULT false,
//	  UNIQUE (issuer, subject))
//
// The data source name must not have clientFoundRows=true, which changes RowsAffected.
type Customers struct{ DB *sql.DB }

// A Customer is the application's own user.
type Customer struct{ Email, FirstName string }

// customerColumns are the fields that a login may write, with their length in characters. A value
// that is too long would be cut off unless sql_mode is strict.
var customerColumns = map[string]int{"email": 320, "first_name": 200}

const selectCustomer = `SELECT id, issuer, subject, active, staff, superuser,
	coalesce(email, ''), coalesce(first_name, '') FROM customers WHERE `

// SyncUser implements userprovider.UserProvider in one transaction.
func (c Customers) SyncUser(
	ctx context.Context, login userprovider.Login,
) (user userprovider.User, err error) {
	assignments, args, err := customerAssignments(login)
	if err != nil {
		return user, err
	}
	tx, err := c.DB.BeginTx(ctx, nil)
	if err != nil {
		return user, err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing

	// The identity alone is inserted first. ON DUPLICATE KEY UPDATE of all columns would also
	// update the row of another user who has the same unique e-mail.
	who := []any{login.Identity.Issuer, login.Identity.Subject}
	inserted, err := tx.ExecContext(ctx, `INSERT INTO customers (issuer, subject) VALUES (?, ?)
		ON DUPLICATE KEY UPDATE id = id`, who...)
	if err != nil {
		return user, customerError(err)
	}
	if len(assignments) > 0 {
		update := "UPDATE customers SET " + strings.Join(assignments, ", ") +
			" WHERE issuer = ? AND subject = ?"
		if _, err := tx.ExecContext(ctx, update, append(args, who...)...); err != nil {
			return user, customerError(err)
		}
	}
	user, err = scanCustomer(tx.QueryRowContext(ctx,
		selectCustomer+"issuer = ? AND subject = ?", who...))
	if err != nil {
		return user, err
	}
	rows, err := inserted.RowsAffected() // 0 for a row that existed
	if err != nil {
		return userprovider.User{}, err
	}
	user.Created = rows == 1
	return user, tx.Commit()
}

// FindUser implements userprovider.UserProvider.
func (c Customers) FindUser(ctx context.Context, id string) (userprovider.User, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || strconv.FormatInt(number, 10) != id {
		return userprovider.User{}, userprovider.ErrNotFound
	}
	user, err := scanCustomer(c.DB.QueryRowContext(ctx, selectCustomer+"id = ?", number))
	if errors.Is(err, sql.ErrNoRows) {
		return userprovider.User{}, userprovider.ErrNotFound
	}
	return user, err
}

// customerAssignments returns the SET list of a login. Names of columns come from customerColumns.
func customerAssignments(login userprovider.Login) (set []string, args []any, err error) {
	for _, value := range []string{login.Identity.Issuer, login.Identity.Subject} {
		if value == "" || !utf8.ValidString(value) || utf8.RuneCountInString(value) > 255 {
			return nil, nil, fmt.Errorf("%w: issuer or subject %.300q",
				userprovider.ErrInvalid, value)
		}
	}
	for field, value := range login.Fields {
		limit, ok := customerColumns[field]
		if !ok {
			return nil, nil, fmt.Errorf("%w: no column %q", userprovider.ErrMisconfigured, field)
		}
		text, ok := value.(string)
		if !ok || !utf8.ValidString(text) || utf8.RuneCountInString(text) > limit {
			return nil, nil, fmt.Errorf("%w: the field %q holds up to %d characters",
				userprovider.ErrInvalid, field, limit)
		}
		set, args = append(set, field+" = ?"), append(args, text)
	}
	for column, role := range map[string]*bool{"staff": login.Staff, "superuser": login.Superuser} {
		if role != nil {
			set, args = append(set, column+" = ?"), append(args, *role)
		}
	}
	return set, args, nil
}

// customerError adds the kind of an error. With the driver imported, errors.As with a
// *mysql.MySQLError and its Number does the same.
func customerError(err error) error {
	if strings.Contains(err.Error(), "Error 1062") { // duplicate entry
		return fmt.Errorf("%w: %w", userprovider.ErrConflict, err)
	}
	return err
}

func scanCustomer(row *sql.Row) (user userprovider.User, err error) {
	var customer Customer
	err = row.Scan(&user.ID, &user.Issuer, &user.Subject, &user.Active, &user.Staff,
		&user.Superuser, &customer.Email, &customer.FirstName)
	user.Value = customer
	return user, err
}

// A provider for a database that package sqlusers does not support, such as MySQL.
func Example_mySQL() {
	db, err := sql.Open("mysql", "app@/app")
	if err != nil {
		log.Fatal(err)
	}
	var users userprovider.UserProvider = Customers{db}
	_ = users // chiauth0.Config.Users
}
