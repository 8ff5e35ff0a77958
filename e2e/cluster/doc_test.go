// Package cluster_test runs what a site with several nodes consists of, as processes on loopback: nodes of the example, Redis
// alone, behind Sentinel and as a Cluster, PostgreSQL, a load balancer. It ends some of them in the middle of the load.
package cluster_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the example, built once for all tests and with the race detector: see node.stop for what becomes of a race.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if os.Getenv("CHIAUTH0_E2E") != "1" {
			return m.Run() // to say what is skipped
		}
		dir, err := os.MkdirTemp("", "cluster")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binary = filepath.Join(dir, "example")
		if out, err := exec.Command("go", "build", "-race", "-o", binary, "../../example").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// onlyInE2E skips a test that needs servers, unless they were promised.
func onlyInE2E(t *testing.T) {
	t.Helper()
	if os.Getenv("CHIAUTH0_E2E") != "1" {
		t.Skip("left to e2e/test.sh, which installs the servers that this needs and sets CHIAUTH0_E2E=1")
	}
}
