package redisstore_test

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// A proxy forwards connections to a server, and fails in ways that a test chooses.
type proxy struct {
	addr   string
	silent atomic.Bool // forward nothing

	// loseAnswerTo is a part of a request. The next request that contains it is forwarded, and
	// its connection is closed before the answer.
	loseAnswerTo atomic.Pointer[string]
}

func startProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String()}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})

	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			t.Cleanup(func() {
				_ = client.Close()
				_ = server.Close()
			})
			var lost atomic.Bool
			wg.Go(func() { p.forward(server, client, &lost, true) })
			wg.Go(func() { p.forward(client, server, &lost, false) })
		}
	})
	return p
}

func (p *proxy) forward(to, from net.Conn, lost *atomic.Bool, requests bool) {
	defer to.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil || lost.Load() && !requests {
			return
		}
		if p.silent.Load() {
			continue
		}
		part := p.loseAnswerTo.Load()
		if requests && part != nil && bytes.Contains(buf[:n], []byte(*part)) {
			if p.loseAnswerTo.CompareAndSwap(part, nil) {
				lost.Store(true)
			}
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// lose makes the next answer to a request that contains part fail.
func (p *proxy) lose(part string) { p.loseAnswerTo.Store(&part) }

// expectLost checks that an answer was lost since lose was called.
func (p *proxy) expectLost(t *testing.T) {
	t.Helper()
	if p.loseAnswerTo.Load() != nil {
		t.Error("no answer was lost")
	}
}

// client returns a client that connects through the proxy.
func (p *proxy) client(t *testing.T, options *redis.Options) *redis.Client {
	options.Addr = p.addr
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}
