package chiauth0_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chiauth0/auth/chiauth0"
	"github.com/chiauth0/auth/chiauth0/chiauth0test"
)

// An eventLog keeps what Config.Events receives.
type eventLog struct {
	mu     sync.Mutex
	events []chiauth0.Event
}

func (l *eventLog) add(_ context.Context, e chiauth0.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// last returns the latest event.
func (l *eventLog) last() chiauth0.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) == 0 {
		return chiauth0.Event{}
	}
	return l.events[len(l.events)-1]
}

func (l *eventLog) names() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for _, e := range l.events {
		names = append(names, e.Name)
	}
	return names
}

func newEventApp(t *testing.T) (*app, *eventLog) {
	t.Helper()
	log := &eventLog{}
	return newApp(t, func(c *chiauth0.Config) { c.Events = log.add }), log
}

// wantEvent compares an event without its Err, and expects a line in the log.
func (a *app) wantEvent(got, want chiauth0.Event, line string) {
	a.t.Helper()
	err := got.Err
	got.Err = nil
	if got != want {
		a.t.Errorf("the event is %+v, want %+v (err: %v)", got, want, err)
	}
	if line != "" && !strings.Contains(a.log.String(), line) {
		a.t.Errorf("the log lacks %q: %s", line, a.log)
	}
}

func TestEventsOfASession(t *testing.T) {
	t.Parallel()
	a, events := newEventApp(t)
	b := a.browser()
	b.signIn(ada)
	account := a.users.Accounts()[0]
	login := chiauth0.Event{
		Name: chiauth0.EventLogin, UserID: account.ID, Subject: account.Subject, NewUser: true,
	}
	a.wantEvent(events.last(), login, `level=INFO msg="login succeeded" user=`+account.ID)

	a.browser().signIn(ada)
	login.NewUser = false
	a.wantEvent(events.last(), login, "")

	b.get("/staff")
	a.wantEvent(events.last(), chiauth0.Event{
		Name: chiauth0.EventRefusal, UserID: account.ID, Subject: account.Subject,
		Code: "forbidden", Status: http.StatusForbidden, Rule: "staff", Path: "/staff",
	}, `level=WARN msg="request refused" path=/staff status=403 code=forbidden`)

	b.get("/auth0/logout")
	a.wantEvent(events.last(), chiauth0.Event{
		Name: chiauth0.EventLogout, UserID: account.ID, Subject: account.Subject,
	}, `level=INFO msg="logged out" user=`+account.ID)

	if err := chiauth0.LogoutUser(t.Context(), a.cfg, account.ID); err != nil {
		t.Fatal(err)
	}
	a.wantEvent(events.last(), chiauth0.Event{
		Name: chiauth0.EventSessionsEnded, UserID: account.ID,
	}, `level=INFO msg="all sessions ended" user=`+account.ID)
}

func TestEventOfAnEndedSession(t *testing.T) {
	t.Parallel()
	for code, end := range map[string]func(a *app, id string) error{
		"user_inactive":  func(a *app, id string) error { return a.users.SetActive(id, false) },
		"user_not_found": func(a *app, id string) error { return a.users.Delete(id) },
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			a, events := newEventApp(t)
			b := a.browser()
			b.signIn(ada)
			id := a.userID(ada)
			if err := end(a, id); err != nil {
				t.Fatal(err)
			}
			b.get("/")
			a.wantEvent(events.last(), chiauth0.Event{
				Name: chiauth0.EventSessionEnded, UserID: id, Code: code,
			}, `level=WARN msg="signed out" code=`+code+` user=`+id)
		})
	}
}

func TestEventOfAFailedLogin(t *testing.T) {
	t.Parallel()
	a, events := newEventApp(t)
	a.tenant.Misbehave(chiauth0test.Faults{TokenResponse: func(status *int, body map[string]any) {
		*status = http.StatusUnauthorized
		clear(body)
		body["error"], body["error_description"] = "access_denied", "Unauthorized"
	}})
	a.browser().login("/auth0/login", ada)
	a.wantEvent(events.last(), chiauth0.Event{
		Name: chiauth0.EventLoginFailed, Code: "client_rejected", ProviderCode: "access_denied",
		Description: "Unauthorized", Status: http.StatusBadGateway, Path: "/auth0/callback",
	}, `level=ERROR msg="login failed" path=/auth0/callback status=502 code=client_rejected`)
	if events.last().Err == nil {
		t.Error("the event has no Err")
	}
}

// Each visitor's first request is one without a login. It is an event, and no line.
func TestEventOfAnAnonymousRequest(t *testing.T) {
	t.Parallel()
	a, events := newEventApp(t)
	a.browser().get("/account", "Accept", "application/json")
	a.wantEvent(events.last(), chiauth0.Event{
		Name: chiauth0.EventRefusal, Code: "not_signed_in", Status: http.StatusUnauthorized,
		Path: "/account",
	}, "")
	if strings.Contains(a.log.String(), "request refused") {
		t.Errorf("the request is logged: %s", a.log)
	}
}

func TestEventsHaveShortPaths(t *testing.T) {
	t.Parallel()
	a, events := newEventApp(t)
	a.browser().get("/account/"+strings.Repeat("a", 10_000), "Accept", "application/json")
	if n := len(events.last().Path); n > 210 {
		t.Errorf("the path has %d bytes, want about 200", n)
	}
}

// A login that could not be saved has not succeeded.
func TestNoLoginEventIfTheSessionIsNotSaved(t *testing.T) {
	t.Parallel()
	a, events := newEventApp(t)
	b := a.browser()
	callback := b.authorize(b.begin("/auth0/login"), ada)
	a.store.down.Store(true)
	b.get(callback.String())
	if slices.Contains(events.names(), chiauth0.EventLogin) {
		t.Errorf("the events are %q, want no login", events.names())
	}
}
