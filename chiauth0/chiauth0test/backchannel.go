package chiauth0test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	logoutTimeout  = 5 * time.Second // Auth0's
	logoutAttempts = 3
	logoutPause    = 200 * time.Millisecond
	maxDeliveries  = 1000
)

// A LogoutDelivery is the delivery of one logout token to one client.
type LogoutDelivery struct {
	ClientID string
	URL      string // the client's BackchannelLogoutURL
	Token    string // the signed token
	Attempts int
	Status   int    // of the last answer; 0: there was none
	Body     string // of the last answer, at most 4 KiB
	Err      error  // nil: the client answered
}

// LogoutDeliveries waits for the deliveries under way and returns the last 1000, oldest first. They
// are those of sessions that ended; the result does not contain those of SendLogoutToken.
//
// A delivery begins when a session ends: by a logout, by the login of another user in the same
// browser, by [Tenant.EndSessions] or by [Tenant.DeleteUser]. The client has five seconds to
// answer. Statuses 200, 204 and 400 end the delivery. After another status or none, the tenant
// tries twice more.
func (t *Tenant) LogoutDeliveries() []LogoutDelivery {
	t.logouts.wait()
	return t.logouts.finished()
}

// SendLogoutToken sends a logout token to its client once, and waits for the answer. It needs no
// session at the tenant. The delivery's Err tells if the token could not be signed or sent.
func (t *Tenant) SendLogoutToken(ctx context.Context, token LogoutToken) LogoutDelivery {
	return t.deliver(ctx, token, 1)
}

// announceLogout sends a logout token to each client of an ended session, in the background. ended
// may be nil.
func (t *Tenant) announceLogout(ended *session) {
	if ended == nil {
		return
	}
	for id := range t.clientsOf(ended) {
		client, known := t.client(id)
		if !known || client.BackchannelLogoutURL == "" {
			continue
		}
		token := LogoutToken{
			ClientID:  id,
			Subject:   ended.subject,
			SessionID: ended.sid,
			Edit:      t.faults.Load().LogoutToken,
		}
		t.logouts.begin()
		go func() {
			t.logouts.end(t.deliver(t.running, token, logoutAttempts))
		}()
	}
}

func (t *Tenant) deliver(ctx context.Context, token LogoutToken, attempts int) LogoutDelivery {
	delivery := LogoutDelivery{ClientID: token.ClientID}
	client, _ := t.client(token.ClientID)
	if client.BackchannelLogoutURL == "" {
		delivery.Err = fmt.Errorf("chiauth0test: client %q is unknown or has no "+
			"BackchannelLogoutURL", token.ClientID)
		return delivery
	}
	delivery.URL = client.BackchannelLogoutURL
	delivery.Token, delivery.Err = t.SignLogoutToken(token)
	if delivery.Err != nil {
		return delivery
	}

	for {
		delivery.attempt(ctx, cmp.Or(t.logouts.timeout, logoutTimeout))
		if delivery.settled() || delivery.Attempts >= attempts {
			return delivery
		}
		select {
		case <-ctx.Done():
			return delivery
		case <-time.After(logoutPause):
		}
	}
}

// settled reports whether the answer is final (OpenID Connect Back-Channel Logout 1.0, section
// 2.8).
func (d *LogoutDelivery) settled() bool {
	return slices.Contains([]int{
		http.StatusOK, http.StatusNoContent, http.StatusBadRequest,
	}, d.Status)
}

func (d *LogoutDelivery) attempt(ctx context.Context, timeout time.Duration) {
	d.Attempts++
	d.Status, d.Body = 0, ""
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	form := url.Values{"logout_token": {d.Token}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, strings.NewReader(form))
	if err != nil {
		d.Err = err
		return
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")

	resp, err := logoutClient.Do(req)
	if err != nil {
		d.Err = err
		return
	}
	defer resp.Body.Close()
	d.Status = resp.StatusCode
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	d.Body, d.Err = string(body), err
}

// logoutClient follows no redirects and keeps no connections, so that a test ends without open
// ones.
var logoutClient = &http.Client{
	Transport: &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	},
}

// A logoutLog keeps deliveries, and counts those under way.
type logoutLog struct {
	timeout time.Duration // of one attempt; 0: logoutTimeout

	mu       sync.Mutex
	underWay int
	idle     chan struct{} // closed when underWay becomes zero; nil if it is zero
	done     []LogoutDelivery
}

func (l *logoutLog) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.underWay == 0 {
		l.idle = make(chan struct{})
	}
	l.underWay++
}

func (l *logoutLog) end(delivery LogoutDelivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.done) == maxDeliveries {
		l.done = slices.Delete(l.done, 0, 1)
	}
	l.done = append(l.done, delivery)
	l.underWay--
	if l.underWay == 0 {
		close(l.idle)
		l.idle = nil
	}
}

func (l *logoutLog) wait() {
	l.mu.Lock()
	idle := l.idle
	l.mu.Unlock()
	if idle != nil {
		<-idle
	}
}

func (l *logoutLog) finished() []LogoutDelivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.done)
}
