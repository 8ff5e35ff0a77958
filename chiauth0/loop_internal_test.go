package chiauth0

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

func (a *auth) withLoopCookie(value string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/auth0/login", nil)
	r.AddCookie(&http.Cookie{Name: a.loopCookie(), Value: value})
	return r
}

func TestLoopCounterIsBound(t *testing.T) {
	t.Parallel()
	a := newTestAuth(t, withSecrets)
	counter := loopCounter{Last: time.Now().Unix(), Nodes: []loopNode{{"p", 2}}}
	plaintext, err := json.Marshal(counter)
	if err != nil {
		t.Fatal(err)
	}
	sealed := a.transactions.SealString(plaintext, a.loopBinding())
	if got := a.readLoop(a.withLoopCookie(sealed)); got.logins("p") != 2 {
		t.Errorf("got %+v, want %+v", got, counter)
	}
	for who, other := range otherConfigs(t) {
		if got := other.readLoop(other.withLoopCookie(sealed)); len(got.Nodes) != 0 {
			t.Errorf("the counter opens for %s", who)
		}
	}
	for name, forged := range map[string]string{
		"not sealed":          string(plaintext),
		"sealed as a page":    a.transactions.SealString(plaintext, a.pageBinding()),
		"sealed as a state":   a.transactions.SealString(plaintext, a.stateBinding()),
		"sealed by no binder": a.transactions.SealString(plaintext, nil),
	} {
		if got := a.readLoop(a.withLoopCookie(forged)); len(got.Nodes) != 0 {
			t.Errorf("a counter that is %s opens", name)
		}
	}
}

// The cookie holds a bounded number of processes, the latest ones.
func TestLoopCounterIsBounded(t *testing.T) {
	t.Parallel()
	var counter loopCounter
	for i := range 3 * maxLoopNodes {
		counter.add(strconv.Itoa(i), i+1)
		counter.add("last", 1)
	}
	if got := len(counter.Nodes); got != maxLoopNodes {
		t.Errorf("got %d processes, want %d", got, maxLoopNodes)
	}
	if got := counter.logins(strconv.Itoa(3*maxLoopNodes - 1)); got != 3*maxLoopNodes {
		t.Errorf("got %d logins of the latest process, want %d", got, 3*maxLoopNodes)
	}
	if counter.logins("0") != 0 || counter.logins("last") != 1 {
		t.Errorf("got %+v, want the oldest gone and each once", counter.Nodes)
	}
}

func FuzzLoopCounter(f *testing.F) {
	a := newTestAuth(f, nil)
	f.Add("")
	f.Add("1764000000.1764000000")
	f.Add(`{"t":1,"n":[{"p":"x","l":2}]}`)
	f.Add(strings.Repeat("A", maxLoopBytes+1))
	f.Fuzz(func(t *testing.T, value string) {
		if got := a.readLoop(a.withLoopCookie(value)); got.Last != 0 || got.Nodes != nil {
			t.Fatalf("readLoop(%q): got %+v, want an empty counter", value, got)
		}
		// What is inside was sealed here, but by an older version perhaps.
		sealed := a.transactions.SealString([]byte(value), a.loopBinding())
		counter := a.readLoop(a.withLoopCookie(sealed))
		counter.add("p", 1)
		if len(counter.Nodes) > maxLoopNodes {
			t.Fatalf("got %d processes, want at most %d", len(counter.Nodes), maxLoopNodes)
		}
	})
}
