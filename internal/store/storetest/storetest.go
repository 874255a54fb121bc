// Package storetest gives tests a real database: one private MariaDB for the tests of a package, and an empty
// database in it for each test.
package storetest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/mariadb"
	"github.com/pulso-lab/pulso/internal/store"
)

var (
	server  *mariadb.Server // nil when the machine has none
	created atomic.Int64
)

// Main is Run for a package that has nothing else to do in its TestMain.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run starts the server, runs the tests of a package, stops the server, and returns the exit code. A package's TestMain
// calls it. Without MariaDB on the machine the tests that need it are skipped, and fail where CI=true.
func Run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pulso-store-")
	if err != nil {
		log.Fatal(err)
	}
	server, err = mariadb.Start(context.Background(), filepath.Join(dir, "data"), filepath.Join(dir, "log"))
	if err != nil && !errors.Is(err, mariadb.ErrNotInstalled) {
		log.Fatal(err)
	}
	code := m.Run()
	err = nil // why the server is not there was dealt with
	if server != nil {
		err = server.Stop()
	}
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil && code == 0 {
		log.Fatal(err)
	}
	return code
}

// DSN is an empty database of the test's own, without tables.
func DSN(t testing.TB) string {
	t.Helper()
	if server == nil {
		// Asked here and not in Main: what a test reads from the environment is part of the key of its cached result.
		if os.Getenv("CI") == "true" {
			t.Fatal(mariadb.ErrNotInstalled)
		}
		t.Skip(mariadb.ErrNotInstalled)
	}
	name := fmt.Sprintf("test_%d", created.Add(1))
	if err := server.Create(context.Background(), name); err != nil {
		t.Fatal(err)
	}
	return server.DSN(name)
}

// New is a migrated store on a database of the test's own.
func New(t testing.TB) *store.Store {
	t.Helper()
	s := Open(t, DSN(t))
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Open is a store on a database that DSN gave.
func Open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(dsn, 40)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Marks is what is stored, up to 100,000 samples: total_ram, by which a test tells its samples apart, by id.
func Marks(t testing.TB, s *store.Store) map[int64]int64 {
	t.Helper()
	rows, err := s.RowsAfter(t.Context(), 0, nil, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	marks := make(map[int64]int64, len(rows))
	for _, row := range rows {
		marks[row.ID] = row.TotalRAM
	}
	return marks
}

// Plain is a bare pool on a database that DSN gave, for what the store would not do.
func Plain(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn) // the store brings the driver
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// RouteSeconds is what is stored of the routes, in order of the second, the route and the instance.
func RouteSeconds(t *testing.T, s *store.Store) []store.RouteSecond {
	t.Helper()
	changes, err := s.RouteChanges(t.Context(), time.Unix(0, 0), 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]store.RouteSecond, len(changes))
	for i, c := range changes {
		all[i] = c.RouteSecond
	}
	slices.SortFunc(all, func(a, b store.RouteSecond) int {
		return cmp.Or(a.Second.Compare(b.Second), cmp.Compare(a.API, b.API), cmp.Compare(a.Instance, b.Instance))
	})
	return all
}
