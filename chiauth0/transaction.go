package chiauth0

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/seal"
)

const (
	transactionValid    = time.Hour      // multi-factor and links in e-mails take their time
	transactionLifetime = 24 * time.Hour // the cookie outlives that, so that "Try again" still knows next_url
	maxTransactions     = 5
	maxTransactionBytes = 3500 // of cookies, together: servers begin to refuse headers at 8 KB
	transactionPrefix   = "chiauth0_tx_"
)

// transaction is one login in flight. It is sealed into a cookie of its own: no session is made before there is a user, so
// that a crawler costs no memory, and two tabs cannot break each other.
type transaction struct {
	State        string `json:"s"`
	Nonce        string `json:"n"`
	Verifier     string `json:"v"` // PKCE, RFC 7636
	RedirectURI  string `json:"r"`
	ReturnTo     string `json:"u,omitempty"`
	Organization string `json:"o,omitempty"`
	ACRValues    string `json:"a,omitempty"`
	MaxAge       *int64 `json:"m,omitempty"` // seconds
	Created      int64  `json:"c"`           // unix seconds
}

func newTransaction() transaction {
	return transaction{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Created: time.Now().Unix(),
	}
}

// encode is JSON without the escapes for HTML, which would make six bytes of each & in a next_url.
func (t *transaction) encode() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(t)
	return b.Bytes(), err
}

func (t *transaction) expired() bool {
	return time.Since(time.Unix(t.Created, 0)) > transactionValid
}

// transactionCookie names the cookie of a state: by part of it, which tells nobody the rest.
func (a *auth) transactionCookie(state string) string {
	name := transactionPrefix + state[:min(8, len(state))]
	if a.secure() {
		return "__Host-" + name
	}
	return name
}

// saveTransaction adds the cookie of t, and takes away those of older logins that would make the header too large.
func (a *auth) saveTransaction(w http.ResponseWriter, r *http.Request, t transaction) error {
	plaintext, err := t.encode()
	if err != nil {
		return err
	}
	name := a.transactionCookie(t.State)
	value := a.transactions.SealString(plaintext, a.transactionBinding(name))
	if len(name)+len(value) > maxTransactionBytes {
		return badRequest("organization or acr_values", fmt.Sprintf("%.40s… %.40s…", t.Organization, t.ACRValues), "is too long")
	}
	a.setCookie(w, name, value, transactionLifetime)

	type open struct {
		name    string
		bytes   int
		created int64 // zero if it does not open
	}
	var others []open
	for _, c := range r.Cookies() {
		if a.isTransaction(c.Name) && c.Name != name {
			old, _ := a.openTransaction(c.Name, c.Value)
			others = append(others, open{c.Name, len(c.Name) + len(c.Value), old.Created})
		}
	}
	slices.SortFunc(others, func(x, y open) int { return cmp.Compare(y.created, x.created) }) // newest first
	kept, size := 1, len(name)+len(value)
	for _, o := range others {
		kept, size = kept+1, size+o.bytes
		if o.created == 0 || kept > maxTransactions || size > maxTransactionBytes {
			a.setCookie(w, o.name, "", 0)
		}
	}
	return nil
}

// findTransaction opens the transaction of a callback's state.
func (a *auth) findTransaction(r *http.Request, state string) (transaction, bool) {
	name := a.transactionCookie(state)
	for _, c := range r.CookiesNamed(name) {
		if t, ok := a.openTransaction(name, c.Value); ok && subtle.ConstantTimeCompare([]byte(t.State), []byte(state)) == 1 {
			return t, true
		}
	}
	return transaction{}, false
}

func (a *auth) openTransaction(name, value string) (t transaction, ok bool) {
	plaintext, err := a.transactions.OpenString(value, a.transactionBinding(name))
	if err != nil || json.Unmarshal(plaintext, &t) != nil || t.State == "" {
		return transaction{}, false
	}
	return t, true
}

// transactionBinding ties a sealed transaction to its cookie, issuer and client.
func (a *auth) transactionBinding(name string) []byte {
	return seal.Associated(name, string(a.binding))
}

func (a *auth) isTransaction(name string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, "__Host-"), transactionPrefix)
}

func (a *auth) dropTransactions(w http.ResponseWriter, r *http.Request) {
	for _, c := range r.Cookies() {
		if a.isTransaction(c.Name) {
			a.setCookie(w, c.Name, "", 0)
		}
	}
}

// setCookie sets a cookie of the login itself. It is always Lax, whatever the session's is: it has to come along when
// Auth0 sends the browser back. An age of zero takes the cookie away.
func (a *auth) setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	c := &http.Cookie{
		Name: name, Value: value, Path: "/", HttpOnly: true, Secure: a.secure(), SameSite: http.SameSiteLaxMode,
		MaxAge: int(age / time.Second),
	}
	if age <= 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
