package sessionstores_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/chiauth0/auth/sessionstores"
)

// An act is what a handler does with its session. It runs on the goroutine of the request and
// reports with Error.
type act func(context.Context)

func (s *site) put(key, value string) act {
	return func(ctx context.Context) { s.m.Put(ctx, key, value) }
}

func (s *site) pop(key string, got *string) act {
	return func(ctx context.Context) { *got = s.m.PopString(ctx, key) }
}

func (s *site) read(ctx context.Context) {
	s.m.GetString(ctx, "user")
}

func (s *site) renew(ctx context.Context) {
	assertNoError(s.tb, "RenewToken", s.m.RenewToken(ctx))
}

func (s *site) destroy(ctx context.Context) {
	assertNoError(s.tb, "Destroy", s.m.Destroy(ctx))
}

func (s *site) clear(ctx context.Context) {
	assertNoError(s.tb, "Clear", s.m.Clear(ctx))
}

func (s *site) commit(ctx context.Context) {
	_, _, err := s.m.Commit(ctx)
	assertNoError(s.tb, "Commit", err)
}

func (s *site) login(user string, names ...string) act {
	return func(ctx context.Context) {
		assertNoError(s.tb, "Renew", sessionstores.Renew(ctx, s.m, names...))
		s.m.Put(ctx, "user", user)
	}
}

func (s *site) setAttachment(data string) act {
	return func(ctx context.Context) {
		assertNoError(s.tb, "SetAttachment", sessionstores.SetAttachment(ctx, s.m, []byte(data)))
	}
}

// attachment returns the attachment of the session, as a request with the token reads it.
func (s *site) attachment(token string) (data string) {
	s.do(token, func(ctx context.Context) {
		b, err := sessionstores.Attachment(ctx, s.m)
		assertNoError(s.tb, "Attachment", err)
		data = string(b)
	})

	return data
}

// all runs acts one after the other.
func all(acts ...act) act {
	return func(ctx context.Context) {
		for _, act := range acts {
			act(ctx)
		}
	}
}

// A pausedRequest is a request in progress. Its session is loaded, and its handler runs one act at
// a time.
type pausedRequest struct {
	acts     chan act
	acted    chan struct{}
	response chan *http.Response
}

// pause begins a request and returns when its session is loaded.
func (s *site) pause(token string) *pausedRequest {
	p := &pausedRequest{
		acts:     make(chan act),
		acted:    make(chan struct{}),
		response: make(chan *http.Response, 1),
	}
	go func() {
		p.response <- s.serve(token, func(_ http.ResponseWriter, r *http.Request) {
			s.read(r.Context())
			p.acted <- struct{}{}
			for act := range p.acts {
				act(r.Context())
				p.acted <- struct{}{}
			}
		})
	}()
	<-p.acted

	return p
}

// do runs an act in the handler.
func (p *pausedRequest) do(a act) {
	p.acts <- a
	<-p.acted
}

// finish ends the handler and returns the response.
func (p *pausedRequest) finish() *http.Response {
	close(p.acts)
	return <-p.response
}

// orders are all ways in which two requests with one session can overlap. Both have loaded the
// session first. Each acts (a, b) and then finishes (A, B).
var orders = []string{"aAbB", "abAB", "abBA", "baAB", "baBA", "bBaA"}

// overlap has two requests with one token act and finish in the given order.
func (s *site) overlap(order, token string, actA, actB act) (resA, resB *http.Response) {
	a, b := s.pause(token), s.pause(token)
	for _, step := range order {
		switch step {
		case 'a':
			a.do(actA)
		case 'A':
			resA = a.finish()
		case 'b':
			b.do(actB)
		case 'B':
			resB = b.finish()
		}
	}

	return resA, resB
}

// mustLoad loads a session outside of a request.
func mustLoad(t *testing.T, m *scs.SessionManager, token string) context.Context {
	t.Helper()
	ctx, err := m.Load(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}

	return ctx
}
