package sqlusers_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// postgreSQLServer returns the URL of a server for the tests. It is DATABASE_URL if that is a
// PostgreSQL URL. Otherwise an installed server is started for the run, on a Unix socket in a
// private folder.
func postgreSQLServer(t testing.TB) string {
	t.Helper()
	if dsn := os.Getenv("DATABASE_URL"); dsn != "" {
		u, err := url.Parse(dsn)
		if err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") {
			return dsn
		}
	}
	dsn, err := startPostgreSQL()
	switch {
	case errors.Is(err, exec.ErrNotFound) && os.Getenv("CHIAUTH0_E2E") != "1":
		t.Skip("PostgreSQL is not installed, and DATABASE_URL names no server")
	case err != nil:
		t.Fatal("PostgreSQL: ", err)
	}
	return dsn
}

var (
	startPostgreSQL = sync.OnceValues(start)
	stopPostgreSQL  = func() {} // replaced once there is a server to stop
)

func start() (dsn string, err error) {
	bin, err := findPostgreSQL()
	if err != nil {
		return "", err
	}
	// The server outlives the test that starts it, and runs as another user, so that t.TempDir
	// does not do.
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return "", err
	}
	remove := func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	command := func(name string, args ...string) error {
		argv := append([]string{filepath.Join(bin, name), "-D", filepath.Join(dir, "data")},
			args...)
		if os.Getuid() == 0 { // the server refuses to run as root
			argv = append([]string{"runuser", "-u", "postgres", "--"}, argv...)
		}
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Dir = dir
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, output)
		}
		return nil
	}
	if os.Getuid() == 0 {
		if err := giveTo(dir, "postgres"); err != nil {
			remove()
			return "", err
		}
	}
	err = command("initdb", "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E",
		"UTF8")
	if err == nil {
		err = command("pg_ctl", "start", "-w", "-l", filepath.Join(dir, "log"),
			"-o", "-k "+dir+" -c listen_addresses= -c fsync=off -c max_connections=100")
	}
	if err != nil {
		remove()
		return "", err
	}
	stopPostgreSQL = func() {
		if err := command("pg_ctl", "stop", "-m", "immediate"); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		remove()
	}
	return "postgres://postgres@/postgres?host=" + url.QueryEscape(dir), nil
}

// findPostgreSQL looks in the path, and in the folder that Debian installs to.
func findPostgreSQL() (bin string, err error) {
	initdb, err := exec.LookPath("initdb")
	if err == nil {
		return filepath.Dir(initdb), nil
	}
	installed, globErr := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if globErr != nil || len(installed) == 0 {
		return "", err
	}
	return filepath.Dir(slices.Max(installed)), nil
}

func giveTo(dir, name string) error {
	owner, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, -1)
}
