package userprovider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is the [UserProvider] that keeps its users in memory, for development, tests, and sites that can do without
// their users after a restart (everybody is signed out then, because no ID is ever given twice). [User.Value] is an
// [Account].
//
// The zero value is ready to use. The exported fields must be set before that and not be changed later; all methods are
// safe for concurrent use.
type Memory struct {
	// Defaults are the fields that a user has, each with its value for a new user. A claim must then be of the type of
	// its field's default (json.Number for a number); nil as the default takes any type. Default: a user has whatever
	// fields are mapped.
	Defaults map[string]any

	// Unique are the fields of which no two users may have the same value; SyncUser answers ErrConflict. Every login
	// that changes something then looks at every user. Default: none.
	Unique []string

	// Reactivate makes an inactive user who logs in active again, as Django's Auth0 backends do. Default: false, and
	// setting somebody inactive keeps them out.
	Reactivate bool

	mu       sync.RWMutex
	ids      map[subject]string
	accounts map[string]User // by ID; their Value is never changed, but replaced
}

// A subject is how a user is found at login. Two fields, because issuer and subject glued together are ambiguous.
type subject struct{ issuer, subject string }

// NewMemory returns a provider without users that takes any field.
func NewMemory() *Memory { return new(Memory) }

// SyncUser implements [UserProvider]. A login that changes nothing saves nothing: [Account.Updated] stays as it is.
func (m *Memory) SyncUser(ctx context.Context, login Login) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	key := subject{login.Identity.Issuer, login.Identity.Subject}
	if key.issuer == "" || key.subject == "" {
		return User{}, fmt.Errorf("userprovider: a login needs issuer and subject, got %q and %q", key.issuer, key.subject)
	}
	if err := m.checkValues(login.Fields); err != nil {
		return User{}, err
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	old, known := m.find(m.ids[key])
	account := old
	if !known {
		// A random ID rather than a number: sessions outlive this process, and after a restart the first number would
		// be another user's.
		account = Account{ID: rand.Text(), Issuer: key.issuer, Subject: key.subject, Active: true, Created: time.Now()}
		account.Updated = account.Created
		account.fields = make(map[string]any)
		maps.Copy(account.fields, cloneMap(m.Defaults))
	}
	account = account.with(login)
	if m.Reactivate {
		account.Active = true
	}
	if known && reflect.DeepEqual(account, old) {
		return old.user(), nil
	}
	if err := m.checkUnique(account); err != nil {
		return User{}, err
	}
	if known {
		account.Updated = time.Now()
	}
	return m.save(account), nil
}

// FindUser implements [UserProvider].
func (m *Memory) FindUser(_ context.Context, id string) (User, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	user, ok := m.accounts[id]
	if !ok {
		return User{}, ErrNotFound
	}
	return user, nil
}

// CheckFields implements [FieldChecker].
func (m *Memory) CheckFields(fields []string) error {
	var faults []error
	for _, field := range fields {
		if !m.has(field) {
			faults = append(faults, m.unknown(field))
		}
	}
	return errors.Join(faults...)
}

// Accounts returns all users, in the order in which they were created.
func (m *Memory) Accounts() []Account {
	m.mu.RLock()
	defer m.mu.RUnlock()
	accounts := make([]Account, 0, len(m.accounts))
	for id := range m.accounts {
		account, _ := m.find(id)
		accounts = append(accounts, account)
	}
	slices.SortFunc(accounts, func(a, b Account) int {
		if order := a.Created.Compare(b.Created); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	return accounts
}

// SetActive lets a user sign in, or signs them out of every session and keeps them out. The error is ErrNotFound for an
// unknown ID.
func (m *Memory) SetActive(id string, active bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	account, ok := m.find(id)
	if !ok {
		return ErrNotFound
	}
	if account.Active != active {
		account.Active, account.Updated = active, time.Now()
		m.save(account)
	}
	return nil
}

// Delete removes a user, who is signed out of every session. Whoever logs in with the same account at Auth0 later is a
// new user with a new ID; to bar somebody, use SetActive. The error is ErrNotFound for an unknown ID.
func (m *Memory) Delete(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	account, ok := m.find(id)
	if !ok {
		return ErrNotFound
	}
	delete(m.accounts, id)
	delete(m.ids, subject{account.Issuer, account.Subject})
	return nil
}

func (m *Memory) find(id string) (Account, bool) {
	account, ok := m.accounts[id].Value.(Account)
	return account, ok
}

func (m *Memory) save(account Account) User {
	if m.accounts == nil {
		m.ids, m.accounts = make(map[subject]string), make(map[string]User)
	}
	m.ids[subject{account.Issuer, account.Subject}] = account.ID
	m.accounts[account.ID] = account.user()
	return m.accounts[account.ID]
}

func (m *Memory) has(field string) bool {
	_, ok := m.Defaults[field]
	return ok || m.Defaults == nil || field == emailField
}

func (m *Memory) unknown(field string) error {
	return fmt.Errorf("userprovider: users have no field %q; add it to Memory.Defaults or do not map it (they have %q)",
		field, slices.Sorted(maps.Keys(m.Defaults)))
}

func (m *Memory) checkValues(fields map[string]any) error {
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		value, standard := fields[field], m.Defaults[field]
		if field == emailField {
			standard = ""
		}
		if !m.has(field) {
			return m.unknown(field)
		}
		if standard != nil && reflect.TypeOf(value) != reflect.TypeOf(standard) {
			return fmt.Errorf("userprovider: the field %q holds %T, and its claim is %T; map another claim, or convert "+
				"this one in Mapping.Extract", field, standard, value)
		}
	}
	return nil
}

// checkUnique takes a field that is not set for no value at all, as SQL does with NULL.
func (m *Memory) checkUnique(account Account) error {
	for _, field := range m.Unique {
		value := account.fields[field]
		if value == nil {
			continue
		}
		for id := range m.accounts {
			if other, _ := m.find(id); id != account.ID && reflect.DeepEqual(other.fields[field], value) {
				return fmt.Errorf("userprovider: the field %q must be unique: %w", field, ErrConflict)
			}
		}
	}
	return nil
}
