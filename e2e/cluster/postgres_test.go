package cluster_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
)

// startPostgreSQL starts a server of the test's own and returns its DATABASE_URL.
func startPostgreSQL(t *testing.T) (url string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "postgres") //nolint:usetesting // the server's user may not enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() == 0 { // as whom the server refuses to run
		owner, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, err := strconv.Atoi(owner.Uid)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	port := freePort(t)
	runPostgreSQL(t, dir, "initdb", "-D", "data", "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E", "UTF8")
	runPostgreSQL(t, dir, "pg_ctl", "start", "-w", "-D", "data", "-l", "log", "-o",
		fmt.Sprintf("-k %s -c listen_addresses=127.0.0.1 -c port=%s -c fsync=off", dir, port))
	t.Cleanup(func() { runPostgreSQL(t, dir, "pg_ctl", "stop", "-D", "data", "-m", "immediate") })
	return "postgres://postgres@127.0.0.1:" + port + "/postgres"
}

func runPostgreSQL(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil { // Debian has its own scripts on the path, and the server's programs here
		found, globErr := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
		if globErr != nil || len(found) == 0 {
			t.Fatal(err)
		}
		program = found[len(found)-1]
	}
	argv := append([]string{program}, args...)
	if os.Getuid() == 0 {
		argv = append([]string{"runuser", "-u", "postgres", "--"}, argv...)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
