package cluster_test

import (
	"bytes"
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A process is a server that one test started.
type process struct {
	cmd    *exec.Cmd
	output output
	once   sync.Once
}

// output collects what a process prints. It is safe for concurrent use.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// launch starts a program with the given environment. The test's cleanup kills it.
func launch(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...)}
	p.cmd.Env = env
	p.cmd.Stdout = &p.output
	p.cmd.Stderr = &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
}

// The ports of the tests are below the range that Linux gives to outgoing connections. So are the
// ports 10,000 above them, which the nodes of a Redis Cluster use among themselves.
const (
	firstPort  = 12_000
	portCount  = 10_000
	busOffset  = 10_000
	portTrials = 1000
)

// usedPorts are the ports that freePort returned.
var usedPorts sync.Map

// freePort returns a port of 127.0.0.1 that is free and that no other test received.
func freePort(t *testing.T) string {
	t.Helper()
	for range portTrials {
		port := firstPort + rand.IntN(portCount)
		if !canListen(port) || !canListen(port+busOffset) {
			continue
		}
		if _, used := usedPorts.LoadOrStore(port, true); !used {
			return strconv.Itoa(port)
		}
	}
	t.Fatalf("no free port after %d trials", portTrials)
	return ""
}

func canListen(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	listener.Close()
	return true
}

// until polls done until it returns true. It fails the test after 30 seconds.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	const timeout = 30 * time.Second
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	start := time.Now()
	for !done() {
		if time.Since(start) > timeout {
			t.Fatalf("not within %v: %s", timeout, what)
		}
		<-tick.C
	}
}
