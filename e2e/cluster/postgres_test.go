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

// startPostgreSQL starts a server and returns its DATABASE_URL.
func startPostgreSQL(t *testing.T) (url string) {
	t.Helper()
	//nolint:usetesting // the user postgres has no access to t.TempDir
	dir, err := os.MkdirTemp("", "postgres")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() == 0 { // the server refuses to run as root
		giveToPostgres(t, dir)
	}

	port := freePort(t)
	runPostgreSQL(t, dir, "initdb", "-D", "data", "-A", "trust", "-U", "postgres",
		"--no-sync", "--no-locale", "-E", "UTF8")
	options := fmt.Sprintf("-k %s -c listen_addresses=127.0.0.1 -c port=%s -c fsync=off", dir, port)
	runPostgreSQL(t, dir, "pg_ctl", "start", "-w", "-D", "data", "-l", "log", "-o", options)
	t.Cleanup(func() {
		runPostgreSQL(t, dir, "pg_ctl", "stop", "-D", "data", "-m", "immediate")
	})
	return "postgres://postgres@127.0.0.1:" + port + "/postgres"
}

// giveToPostgres makes the user postgres the owner of a directory.
func giveToPostgres(t *testing.T, dir string) {
	t.Helper()
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

func runPostgreSQL(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	argv := append([]string{postgresProgram(t, name)}, args...)
	if os.Getuid() == 0 {
		argv = append([]string{"runuser", "-u", "postgres", "--"}, argv...)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// postgresProgram finds a program of the server. Debian keeps most of them off the PATH.
func postgresProgram(t *testing.T, name string) (path string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	found, globErr := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if globErr != nil || len(found) == 0 {
		t.Fatal(err)
	}
	return found[len(found)-1]
}
