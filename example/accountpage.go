package main

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/sessionstores"
	"github.com/chiauth0/auth/userprovider"
)

// An accountPage is the data of the account page.
type accountPage struct {
	Session sessionFacts
	Trace   []traceStep
	Mapping string // as in AUTH0_USER_FIELD_MAPPING

	Devices    []chiauth0.SessionInfo
	CanList    bool   // the session store can list the sessions of a user
	DeviceDone string // the result of the viewer's last action
}

// sessionFacts says how long the session of the request lasts.
type sessionFacts struct {
	LoggedIn time.Time
	Idle     time.Time // the end without another request
	Deadline time.Time // the end at the latest
}

// A traceStep is the way of one value from a claim to a column.
type traceStep struct {
	Claim, Field, Value string
}

func (s *site) account(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	account, err := chiauth0.UserAs[person](ctx)
	if err != nil {
		s.fail(w, r, unavailable(err))
		return
	}
	deadline, idle, err := sessionstores.Expiry(ctx, s.cfg.Sessions)
	if err != nil {
		s.fail(w, r, unavailable(err))
		return
	}
	devices, canList, err := s.devices(r)
	if err != nil {
		s.fail(w, r, unavailable(err))
		return
	}

	p := s.newPage(r, routeOf(r.URL.Path).Name)
	p.Account = accountPage{
		Session: sessionFacts{LoggedIn: account.LastLogin, Idle: idle, Deadline: deadline},
		Trace:   trace(&s.cfg.Mapping, account),
		Mapping: fieldMapping(&s.cfg.Mapping),

		Devices:    devices,
		CanList:    canList,
		DeviceDone: s.cfg.Sessions.PopString(ctx, deviceDoneKey),
	}
	s.render(w, r, http.StatusOK, "account", p)
}

// trace returns how the last login of a user came into its row.
func trace(mapping *userprovider.Mapping, account person) []traceStep {
	steps := []traceStep{{cmp.Or(mapping.Fields["email"], "email"), "email", account.Email}}
	values := map[string]string{"first_name": account.FirstName, "last_name": account.LastName}
	for _, field := range slices.Sorted(maps.Keys(values)) {
		if claim := mapping.Fields[field]; claim != "" {
			steps = append(steps, traceStep{claim, field, values[field]})
		}
	}

	groups := cmp.Or(mapping.GroupsField, "groups")
	if group := mapping.StaffGroup; group != "" {
		claim := groups + " has " + strconv.Quote(group)
		steps = append(steps, traceStep{claim, "staff", strconv.FormatBool(account.Staff)})
	}
	if group := mapping.SuperuserGroup; group != "" {
		claim := groups + " has " + strconv.Quote(group)
		steps = append(steps, traceStep{claim, "superuser", strconv.FormatBool(account.Superuser)})
	}
	return steps
}

// fieldMapping returns the mapping of fields in the form of AUTH0_USER_FIELD_MAPPING.
func fieldMapping(mapping *userprovider.Mapping) string {
	var pairs []string
	for _, field := range slices.Sorted(maps.Keys(mapping.Fields)) {
		pairs = append(pairs, field+"="+mapping.Fields[field])
	}
	return strings.Join(pairs, ",")
}
