package chiauth0

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/userprovider"
)

// inUse is the state of a Config after its first use.
type inUse struct {
	// config is the Config that was used. It differs from the holder if a Config was copied by
	// value: the copy is not in use.
	config *Config

	// fields and sessions are the settings at the first use.
	fields   *Config
	sessions sessionSettings

	auth *auth
	err  error
}

// inUseMu guards Config.inUse and the default value of Config.Sessions. A mutex inside of Config
// would forget its state in a copy, and would rule out methods on values, which keep fmt from
// printing secrets.
var inUseMu sync.Mutex

// init returns what all routers and guards of this Config share. The first call makes it.
//
// It panics with the error of Validate, and if a field has been changed since the first call.
func (c *Config) init() *auth {
	inUseMu.Lock()
	defer inUseMu.Unlock()
	if c.inUse == nil || c.inUse.config != c {
		c.inUse = c.firstUse()
	}
	if c.inUse.err != nil {
		panic(c.inUse.err)
	}
	if field := c.changedField(); field != "" {
		panic(fmt.Errorf("chiauth0: Config.%s was changed after the first call of Router, "+
			"Callback, LoadUser or a guard, which had copied the Config: set all fields before "+
			"that call, or use Clone to make a second Config", field))
	}
	return c.inUse.auth
}

func (c *Config) firstUse() *inUse {
	auth, err := newAuth(c.clone())
	if err != nil {
		return &inUse{config: c, err: err}
	}
	if c.Sessions == nil {
		c.Sessions = auth.Config.Sessions
	}
	return &inUse{config: c, fields: c.clone(), sessions: settingsOf(c.Sessions), auth: auth}
}

// Clone returns a copy that is not in use. It shares no slice or map with the original. The
// providers, clients, functions and the session manager are the same.
func (c *Config) Clone() *Config {
	inUseMu.Lock()
	defer inUseMu.Unlock()
	return c.clone()
}

func (c *Config) clone() *Config {
	clone := *c
	clone.inUse = nil
	clone.APIs = slices.Clone(c.APIs)
	clone.Scopes = slices.Clone(c.Scopes)
	clone.Origins = slices.Clone(c.Origins)
	clone.Organizations = slices.Clone(c.Organizations)
	clone.Secrets = slices.Clone(c.Secrets)
	clone.AuthorizationParams = maps.Clone(c.AuthorizationParams)
	clone.Mapping = cloneMapping(c.Mapping)
	return &clone
}

func cloneMapping(m userprovider.Mapping) userprovider.Mapping {
	m.Fields = maps.Clone(m.Fields)
	m.AccessTokenFields = maps.Clone(m.AccessTokenFields)
	m.SessionClaims = slices.Clone(m.SessionClaims)
	return m
}

// sessionSettings are the settings of a session manager that are copied at the first use.
type sessionSettings struct {
	Lifetime, IdleTimeout time.Duration
	Cookie                scs.SessionCookie
}

func settingsOf(m *scs.SessionManager) sessionSettings {
	return sessionSettings{Lifetime: m.Lifetime, IdleTimeout: m.IdleTimeout, Cookie: m.Cookie}
}

// changedField returns the name of a field that was changed after the first use, or "".
func (c *Config) changedField() string {
	before, now := reflect.ValueOf(c.inUse.fields).Elem(), reflect.ValueOf(c).Elem()
	if field := differentField(before, now); field != "" {
		return field
	}
	sessions := settingsOf(c.Sessions)
	before = reflect.ValueOf(&c.inUse.sessions).Elem()
	now = reflect.ValueOf(&sessions).Elem()
	if field := differentField(before, now); field != "" {
		return "Sessions." + field
	}
	return ""
}

// differentField returns the name of the first exported field in which two structs differ, or "".
// The structs must be addressable.
func differentField(x, y reflect.Value) string {
	for i := range x.NumField() {
		field := x.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		if field.Type.Kind() == reflect.Struct {
			if inner := differentField(x.Field(i), y.Field(i)); inner != "" {
				return field.Name + "." + inner
			}
			continue
		}
		if !sameValue(x.Field(i), y.Field(i)) {
			return field.Name
		}
	}
	return ""
}

// sameValue compares two values of one type. Functions, and values without an equality operator
// behind an interface, are compared by their address.
func sameValue(x, y reflect.Value) bool {
	switch x.Kind() {
	case reflect.Func:
		return address[uintptr](x) == address[uintptr](y)
	case reflect.Interface:
		if !x.Comparable() || !y.Comparable() {
			return address[[2]uintptr](x) == address[[2]uintptr](y)
		}
		return x.Equal(y)
	case reflect.Slice, reflect.Map:
		return reflect.DeepEqual(x.Interface(), y.Interface())
	default:
		return x.Equal(y)
	}
}

// address returns the words that a function or an interface value consists of. Two closures of one
// function have different ones.
func address[T uintptr | [2]uintptr](v reflect.Value) T {
	return *(*T)(v.Addr().UnsafePointer())
}
