// Package scsstores_test runs sessions on the stores of the scs family, through the middleware of
// package sessionstores. SQLite, bolt and a Redis in this process always run. Servers of Redis and
// PostgreSQL run if CHIAUTH0_E2E is 1, as e2e/test.sh sets it.
package scsstores_test

import (
	"database/sql"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/alexedwards/scs/boltstore"
	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/postgresstore"
	redigostore "github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"
	"github.com/alicebob/miniredis/v2"
	redigo "github.com/gomodule/redigo/redis"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	"go.etcd.io/bbolt"
	_ "modernc.org/sqlite"
)

var stores = map[string]func(*testing.T) scs.Store{
	"memstore": func(*testing.T) scs.Store { return scsmemstore.NewWithCleanupInterval(0) },
	"redisstore": func(t *testing.T) scs.Store {
		return redigoStore(t, miniredis.RunT(t).Addr())
	},
	"redisstore on redis-server": func(t *testing.T) scs.Store {
		return redigoStore(t, startRedis(t))
	},
	"goredisstore": func(t *testing.T) scs.Store {
		return goRedisStore(t, miniredis.RunT(t).Addr())
	},
	"goredisstore on redis-server": func(t *testing.T) scs.Store {
		return goRedisStore(t, startRedis(t))
	},
	"sqlite3store":  sqliteStore,
	"boltstore":     func(t *testing.T) scs.Store { return newBoltStore(t) },
	"postgresstore": postgresStore,
}

func redigoStore(t *testing.T, addr string) scs.Store {
	pool := &redigo.Pool{
		MaxIdle: 10,
		Dial:    func() (redigo.Conn, error) { return redigo.Dial("tcp", addr) },
	}
	t.Cleanup(func() { _ = pool.Close() })

	return redigostore.New(pool)
}

func goRedisStore(t *testing.T, addr string) scs.Store {
	client := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = client.Close() })

	return goredisstore.New(client)
}

// openSQL opens a database and creates the table that the README of a store asks for.
func openSQL(t *testing.T, driver, dsn, table string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), table); err != nil {
		t.Fatal(err)
	}

	return db
}

func sqliteStore(t *testing.T) scs.Store {
	file := filepath.Join(t.TempDir(), "sessions.db")
	dsn := "file:" + file + "?_pragma=busy_timeout(30000)&_pragma=journal_mode(wal)" +
		"&_pragma=synchronous(off)"
	db := openSQL(t, "sqlite", dsn,
		"CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)")

	return sqlite3store.NewWithCleanupInterval(db, 0)
}

func postgresStore(t *testing.T) scs.Store {
	db := openSQL(t, "pgx", startPostgreSQL(t),
		"CREATE TABLE sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, "+
			"expiry TIMESTAMPTZ NOT NULL)")

	return postgresstore.NewWithCleanupInterval(db, 0)
}

func newBoltStore(t *testing.T) *boltstore.BoltStore {
	file := filepath.Join(t.TempDir(), "sessions.bolt")
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })

	return boltstore.NewWithCleanupInterval(db, 0)
}

// needServers skips a test unless e2e/test.sh runs it.
func needServers(t *testing.T) {
	t.Helper()
	if os.Getenv("CHIAUTH0_E2E") != "1" {
		t.Skip(
			"left to e2e/test.sh, which installs the servers and sets CHIAUTH0_E2E=1",
		)
	}
}

// startRedis starts a redis-server and returns its address.
func startRedis(t *testing.T) string {
	t.Helper()
	needServers(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	_, port, _ := net.SplitHostPort(addr)

	cmd := exec.Command(
		"redis-server",
		"--port",
		port,
		"--bind",
		"127.0.0.1",
		"--dir",
		t.TempDir(),
		"--save",
		"",
		"--logfile",
		"log",
	)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 500 {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return addr
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("redis-server does not answer at " + addr)

	return ""
}
