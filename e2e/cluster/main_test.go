// Package cluster_test runs the processes of a site with several nodes on loopback: nodes of the
// example, Redis alone, behind Sentinel and as a Cluster, PostgreSQL, and nginx. Some tests kill a
// server while requests are in flight.
package cluster_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the path of the example, and tokenApp that of e2e/tokenapp. TestMain builds them once,
// with the race detector.
var binary, tokenApp string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	flag.Parse()
	if !serversInstalled() {
		return m.Run()
	}

	// The tests wait for failovers most of the time. More of them than processors run at once.
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()

	binary = filepath.Join(dir, "example")
	tokenApp = filepath.Join(dir, "tokenapp")
	build := exec.Command("go", "build", "-race", "-o", dir, "../../example", "../tokenapp")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// serversInstalled reports whether e2e/test.sh runs the tests. It installs the servers first.
func serversInstalled() bool {
	return os.Getenv("CHIAUTH0_E2E") == "1"
}

// needsServers skips a test outside e2e/test.sh. Otherwise the test runs in parallel.
func needsServers(t *testing.T) {
	t.Helper()
	if !serversInstalled() {
		t.Skip("runs in e2e/test.sh, which installs the servers and sets CHIAUTH0_E2E=1")
	}
	t.Parallel()
}
