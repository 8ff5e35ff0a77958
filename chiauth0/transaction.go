package chiauth0

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/chiauth0/auth/internal/seal"
)

const (
	transactionValid    = time.Hour     // a second factor or a link in an e-mail takes time
	transactionLifetime = 2 * time.Hour // of the cookie; the server decides about the age
	maxTransactions     = 5
	maxTransactionBytes = 3500 // of cookies, together: servers refuse headers from 8 KB on
	transactionPrefix   = "chiauth0_tx_"
	transactionNameID   = 8 // characters of the ID in the cookie's name
)

// transaction is what a login in progress keeps in the browser: all that the callback checks. It is
// sealed into a cookie of its own. A session begins only when there is a user, so that crawlers
// make none, and so that two tabs do not overwrite each other's login.
type transaction struct {
	ID           string `json:"s"` // of the loginState
	Nonce        string `json:"n"`
	Verifier     string `json:"v"` // PKCE, RFC 7636
	RedirectURI  string `json:"r"`
	Organization string `json:"o,omitempty"`
	ACRValues    string `json:"a,omitempty"`
	MaxAge       *int64 `json:"m,omitempty"` // seconds
	Created      int64  `json:"c"`           // Unix seconds
	Nanoseconds  int    `json:"k"`           // of Created, to tell two of one second apart
	Lost         bool   `json:"l,omitempty"` // a session was there and vanished; see loop.go
}

func newTransaction(id string) transaction {
	now := time.Now()
	return transaction{
		ID:          id,
		Nonce:       rand.Text(),
		Verifier:    oauth2.GenerateVerifier(),
		Created:     now.Unix(),
		Nanoseconds: now.Nanosecond(),
	}
}

func (t *transaction) expired() bool {
	return time.Since(time.Unix(t.Created, 0)) > transactionValid
}

// cookieName is the name of a cookie of the login. It holds a tag of issuer, client and mount path:
// applications on one host, and on several ports of one host, share the browser's cookies.
func (a *auth) cookieName(prefix string) string {
	sum := sha256.Sum256(a.binding)
	name := prefix + base64.RawURLEncoding.EncodeToString(sum[:6])
	if a.secure() {
		return "__Host-" + name
	}
	return name
}

// transactionCookie names the cookie of a login by a part of its ID.
func (a *auth) transactionCookie(id string) string {
	return a.cookieName(transactionPrefix) + "_" + id[:min(transactionNameID, len(id))]
}

func (a *auth) isTransaction(name string) bool {
	return strings.HasPrefix(name, a.cookieName(transactionPrefix)+"_")
}

// saveTransaction adds the cookie of t, and removes those of older logins that would make the
// request's header too large. A restart removes the newest one instead: if each of a dozen tabs
// removed the oldest, each would remove the one whose callback comes next.
func (a *auth) saveTransaction(
	w http.ResponseWriter, r *http.Request, t transaction, restart bool,
) error {
	plaintext, err := encodeJSON(t)
	if err != nil {
		return err
	}
	name := a.transactionCookie(t.ID)
	value := a.transactions.SealString(plaintext, a.transactionBinding(name))
	a.setCookie(w, name, value, transactionLifetime)

	others := a.transactionCookies(r, name)
	if restart {
		slices.Reverse(others)
	}
	kept, size := 1, len(name)+len(value)
	for _, old := range others {
		fits := kept < maxTransactions && size+old.bytes <= maxTransactionBytes
		if !old.opens || !fits {
			a.setCookie(w, old.name, "", 0)
			continue
		}
		kept++
		size += old.bytes
	}
	return nil
}

type transactionInfo struct {
	name    string
	bytes   int
	opens   bool
	created time.Time
}

// transactionCookies lists this Config's transaction cookies of a request but one, the newest
// first.
func (a *auth) transactionCookies(r *http.Request, but string) []transactionInfo {
	var found []transactionInfo
	for _, c := range r.Cookies() {
		if !a.isTransaction(c.Name) || c.Name == but {
			continue
		}
		t, ok := a.openTransaction(c.Name, c.Value)
		info := transactionInfo{name: c.Name, bytes: len(c.Name) + len(c.Value), opens: ok}
		if ok {
			info.created = time.Unix(t.Created, int64(t.Nanoseconds))
		}
		found = append(found, info)
	}
	slices.Reverse(found) // browsers send older cookies first (RFC 6265, section 5.4)
	slices.SortStableFunc(found, func(x, y transactionInfo) int {
		return y.created.Compare(x.created)
	})
	return found
}

// findTransaction opens the transaction of a callback.
func (a *auth) findTransaction(r *http.Request, id string) (transaction, bool) {
	name := a.transactionCookie(id)
	for _, c := range r.CookiesNamed(name) {
		if t, ok := a.openTransaction(name, c.Value); ok && t.ID == id {
			return t, true
		}
	}
	return transaction{}, false
}

func (a *auth) openTransaction(name, value string) (t transaction, ok bool) {
	plaintext, err := a.transactions.OpenString(value, a.transactionBinding(name))
	if err != nil || json.Unmarshal(plaintext, &t) != nil || t.ID == "" {
		return transaction{}, false
	}
	return t, true
}

// transactionBinding ties a sealed transaction to its cookie, issuer, client and mount path.
func (a *auth) transactionBinding(name string) []byte {
	return seal.Associated(name, string(a.binding))
}

func (a *auth) dropTransactions(w http.ResponseWriter, r *http.Request) {
	for _, t := range a.transactionCookies(r, "") {
		a.setCookie(w, t.name, "", 0)
	}
}
