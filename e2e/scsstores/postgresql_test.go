package scsstores_test

import (
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
)

// startPostgreSQL starts a server on a Unix socket and returns its URL.
func startPostgreSQL(t *testing.T) string {
	t.Helper()
	needServers(t)
	initdb, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(initdb) == 0 {
		t.Fatal("PostgreSQL is not installed: apt-get install postgresql")
	}
	bin := filepath.Dir(initdb[len(initdb)-1])

	//nolint:usetesting // the path of a socket has to be shorter than that of t.TempDir
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	run := func(name string, args ...string) {
		t.Helper()
		argv := append(
			[]string{filepath.Join(bin, name), "-D", filepath.Join(dir, "data")},
			args...)
		if os.Getuid() == 0 { // the server does not run as root
			argv = append([]string{"runuser", "-u", "postgres", "--"}, argv...)
		}
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Dir = dir
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, output)
		}
	}

	if os.Getuid() == 0 {
		chown(t, dir)
	}
	run("initdb", "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E", "UTF8")
	run("pg_ctl", "start", "-w", "-l", filepath.Join(dir, "log"),
		"-o", "-k "+dir+" -c listen_addresses= -c fsync=off")
	t.Cleanup(func() { run("pg_ctl", "stop", "-m", "immediate") })

	return "postgres://postgres@/postgres?host=" + url.QueryEscape(dir)
}

// chown gives a directory to the user postgres.
func chown(t *testing.T, dir string) {
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
