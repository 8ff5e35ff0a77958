package chiauth0

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/chiauth0/auth/internal/seal"
)

// A session that vanishes after the login makes a loop: the guard sends the browser to the login,
// single sign-on answers, the callback begins a session, and the guard finds none. It ends at
// Auth0's rate limit, for every user. The causes are a browser that does not keep the cookie and
// nodes that do not share their sessions.
//
// The browser carries how many logins in a row began because the session of an earlier one was
// gone. After two within a minute, /login is a page in place of the redirect. Each process counts
// for itself: sessions in memory are gone after a restart, and that is no loop.
const (
	loopPrefix   = "chiauth0_loop_"
	loopWindow   = time.Minute
	loopLimit    = 2
	maxLoopNodes = 8
	maxLoopBytes = 1024
)

// loopCounter is the content of the cookie. It is sealed, so that a neighbouring host cannot set
// it.
type loopCounter struct {
	Last  int64      `json:"t"` // Unix seconds of the last login that succeeded
	Nodes []loopNode `json:"n"`
}

// loopNode counts the logins that succeeded at one process, without any that began while a session
// was there.
type loopNode struct {
	Process string `json:"p"`
	Logins  int    `json:"l"`
}

func (a *auth) loopCookie() string { return a.cookieName(loopPrefix) }

func (a *auth) loopBinding() []byte { return seal.Associated("loop", string(a.binding)) }

// readLoop opens the counter of a request. It is empty if there is none within the window.
func (a *auth) readLoop(r *http.Request) loopCounter {
	for _, c := range r.CookiesNamed(a.loopCookie()) {
		if len(c.Value) > maxLoopBytes {
			continue
		}
		var counter loopCounter
		plaintext, err := a.transactions.OpenString(c.Value, a.loopBinding())
		if err != nil || json.Unmarshal(plaintext, &counter) != nil {
			continue
		}
		age := time.Since(time.Unix(counter.Last, 0))
		if age < loopWindow && age > -loopWindow {
			return counter
		}
	}
	return loopCounter{}
}

func (c *loopCounter) logins(process string) int {
	for _, node := range c.Nodes {
		if node.Process == process {
			return node.Logins
		}
	}
	return 0
}

// add moves a process to the end of the list, with its new number.
func (c *loopCounter) add(process string, logins int) {
	nodes := []loopNode{}
	for _, node := range c.Nodes {
		if node.Process != process {
			nodes = append(nodes, node)
		}
	}
	nodes = append(nodes, loopNode{process, logins})
	c.Nodes = nodes[max(0, len(nodes)-maxLoopNodes):]
}

// sessionLost reports whether a login begins because the session of an earlier one is gone, and
// whether that is a loop by now.
func (a *auth) sessionLost(w http.ResponseWriter, r *http.Request) (lost, loop bool) {
	counter := a.readLoop(r)
	logins := counter.logins(a.process)
	if logins == 0 {
		return false, false
	}
	if _, _, err := a.sessionIdentity(r.Context()); err == nil {
		return false, false // a second login while signed in
	}
	if r.URL.Query().Has(againParam) { // a person clicked
		a.endLoop(w)
		return false, false
	}
	return true, logins >= loopLimit
}

// countLogin counts a login that succeeded. Logins that began at the same time, such as those of
// tabs that a browser restores, are one.
func (a *auth) countLogin(w http.ResponseWriter, r *http.Request, t transaction) {
	counter := a.readLoop(r)
	logins := max(counter.logins(a.process), 1)
	if t.Lost {
		logins++
	}
	counter.add(a.process, logins)
	counter.Last = time.Now().Unix()
	plaintext, err := json.Marshal(counter)
	if err != nil {
		return
	}
	a.setCookie(
		w,
		a.loopCookie(),
		a.transactions.SealString(plaintext, a.loopBinding()),
		loopWindow,
	)
}

func (a *auth) endLoop(w http.ResponseWriter) { a.setCookie(w, a.loopCookie(), "", 0) }

func (a *auth) failLoop(w http.ResponseWriter, r *http.Request, page string) {
	e := newError(CodeLoginLoop, ErrInvalidState)
	e.RetryURL = withQuery(a.loginURL(page), againParam+"=1")
	a.fail(w, r, e)
}
