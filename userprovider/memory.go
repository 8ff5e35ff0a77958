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

// Memory is a [UserProvider] that keeps its users in memory. It is for development, tests, and
// sites that can lose their users at a restart. A restart signs all users out, since IDs are random
// and are not given twice. [User.Value] is a [MemoryUser].
//
// The zero value is ready to use. The exported fields must be set before the first call and must
// not change afterwards. All methods are safe for concurrent use.
type Memory struct {
	// Defaults are the fields that a user has, with the values of a new user. A claim must have the
	// type of its field's default (json.Number for a number). A default that is nil accepts any
	// type. Default: every mapped field exists and accepts any type.
	Defaults map[string]any

	// Unique are the fields that no two users may share a value of. SyncUser returns ErrConflict.
	// Every login that changes something then compares all users. Default: none.
	Unique []string

	// Reactivate makes an inactive user active at the next login, as Django's Auth0 backends do.
	// Default: false, and an inactive user stays inactive.
	Reactivate bool

	mu    sync.RWMutex
	ids   map[subjectKey]string
	users map[string]User // by ID; each Value is a MemoryUser, replaced on a change
}

// A subjectKey is the identity that a login is found by. It has two fields because issuer and
// subject joined to one string are ambiguous.
type subjectKey struct{ issuer, subject string }

// NewMemory returns a provider without users that accepts any field.
func NewMemory() *Memory { return new(Memory) }

// SyncUser implements [UserProvider]. A login that changes nothing saves nothing:
// [MemoryUser].Updated keeps its value.
func (m *Memory) SyncUser(ctx context.Context, login Login) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	key := subjectKey{login.Identity.Issuer, login.Identity.Subject}
	if key.issuer == "" || key.subject == "" {
		return User{}, fmt.Errorf("%w: a login needs issuer and subject, got %q and %q",
			ErrInvalid, key.issuer, key.subject)
	}
	if err := m.checkValues(login.Fields); err != nil {
		return User{}, err
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	old, exists := m.find(m.ids[key])
	user := old
	if !exists {
		user = m.newUser(key)
	}
	user = user.with(login)
	if m.Reactivate {
		user.Active = true
	}
	if exists && reflect.DeepEqual(user, old) {
		return old.user(), nil
	}
	if err := m.checkUnique(user); err != nil {
		return User{}, err
	}
	if exists {
		user.Updated = time.Now()
	}
	saved := m.save(user)
	saved.Created = !exists
	return saved, nil
}

// FindUser implements [UserProvider].
func (m *Memory) FindUser(_ context.Context, id string) (User, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	user, ok := m.users[id]
	if !ok {
		return User{}, ErrNotFound
	}
	return user, nil
}

// FindSubject implements [SubjectFinder].
func (m *Memory) FindSubject(_ context.Context, issuer, subject string) (User, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	user, ok := m.users[m.ids[subjectKey{issuer, subject}]]
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
			faults = append(faults, m.unknownField(field))
		}
	}
	return errors.Join(faults...)
}

// Accounts returns all users in the order in which they were created.
func (m *Memory) Accounts() []MemoryUser {
	m.mu.RLock()
	defer m.mu.RUnlock()
	users := make([]MemoryUser, 0, len(m.users))
	for id := range m.users {
		user, _ := m.find(id)
		users = append(users, user)
	}
	slices.SortFunc(users, func(a, b MemoryUser) int {
		if order := a.Created.Compare(b.Created); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	return users
}

// SetActive makes a user active or inactive. An inactive user is signed out of every session and
// cannot log in. The error is ErrNotFound for an unknown ID.
func (m *Memory) SetActive(id string, active bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	user, ok := m.find(id)
	if !ok {
		return ErrNotFound
	}
	if user.Active == active {
		return nil
	}
	user.Active = active
	user.Updated = time.Now()
	m.save(user)
	return nil
}

// Delete removes a user, who is signed out of every session. A later login of the same identity
// creates a new user with a new ID. To keep a person out, use SetActive. The error is ErrNotFound
// for an unknown ID.
func (m *Memory) Delete(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	user, ok := m.find(id)
	if !ok {
		return ErrNotFound
	}
	delete(m.users, id)
	delete(m.ids, subjectKey{user.Issuer, user.Subject})
	return nil
}

// newUser returns a user with a random ID. Sessions outlive the process: after a restart, a counted
// ID would belong to another user.
func (m *Memory) newUser(key subjectKey) MemoryUser {
	now := time.Now()
	fields := make(map[string]any)
	maps.Copy(fields, cloneMap(m.Defaults))
	return MemoryUser{
		ID:      rand.Text(),
		Issuer:  key.issuer,
		Subject: key.subject,
		Active:  true,
		Created: now,
		Updated: now,
		fields:  fields,
	}
}

func (m *Memory) find(id string) (MemoryUser, bool) {
	user, ok := m.users[id].Value.(MemoryUser)
	return user, ok
}

func (m *Memory) save(user MemoryUser) User {
	if m.users == nil {
		m.ids = make(map[subjectKey]string)
		m.users = make(map[string]User)
	}
	m.ids[subjectKey{user.Issuer, user.Subject}] = user.ID
	m.users[user.ID] = user.user()
	return m.users[user.ID]
}

func (m *Memory) has(field string) bool {
	_, ok := m.Defaults[field]
	return ok || m.Defaults == nil || field == emailField
}

func (m *Memory) unknownField(field string) error {
	return fmt.Errorf("%w: users have no field %q; add it to Memory.Defaults or remove it from "+
		"the mapping (Memory.Defaults has %q)",
		ErrMisconfigured, field, slices.Sorted(maps.Keys(m.Defaults)))
}

// checkValues returns an error for a field that users lack, or whose default has another type.
func (m *Memory) checkValues(fields map[string]any) error {
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if !m.has(field) {
			return m.unknownField(field)
		}
		standard := m.Defaults[field]
		if field == emailField {
			standard = ""
		}
		value := fields[field]
		if standard == nil || reflect.TypeOf(value) == reflect.TypeOf(standard) {
			continue
		}
		return fmt.Errorf("%w: the field %q holds %T, and its claim is %T; map another claim, or "+
			"convert this one in Mapping.Extract", ErrInvalid, field, standard, value)
	}
	return nil
}

// checkUnique returns ErrConflict if another user has the value of a unique field. A field that is
// not set conflicts with none, as NULL in SQL.
func (m *Memory) checkUnique(user MemoryUser) error {
	for _, field := range m.Unique {
		value := user.fields[field]
		if value == nil {
			continue
		}
		for id := range m.users {
			other, _ := m.find(id)
			if id != user.ID && reflect.DeepEqual(other.fields[field], value) {
				return fmt.Errorf("%w: the field %q must be unique", ErrConflict, field)
			}
		}
	}
	return nil
}
