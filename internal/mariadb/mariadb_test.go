package mariadb_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulso-lab/pulso/internal/mariadb"
)

func start(t *testing.T, dataDir string) *mariadb.Server {
	t.Helper()
	s, err := mariadb.Start(t.Context(), dataDir, filepath.Join(t.TempDir(), "log"))
	if errors.Is(err, mariadb.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func open(t *testing.T, s *mariadb.Server) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", s.DSN("pulso"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestAKilledServerComesBackWithWhatWasCommitted(t *testing.T) {
	dataDir := filepath.Join(t.TempDir(), "data")
	s := start(t, dataDir)
	if err := s.Create(t.Context(), "pulso"); err != nil {
		t.Fatal(err)
	}
	db := open(t, s)
	for _, statement := range []string{"CREATE TABLE kept (id INT PRIMARY KEY)", "INSERT INTO kept VALUES (1)"} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO kept VALUES (2)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(t.Context()); err == nil {
		t.Error("a running server was started again")
	}
	exited := s.Exited()
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	<-exited
	if err := tx.Commit(); err == nil {
		t.Error("a dead server has committed")
	}
	if err := s.Kill(); err == nil {
		t.Error("it was killed twice")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Exited():
		t.Error("the server that was started again counts as ended")
	default:
	}
	var rows int
	// The pool is the old one: the server is where it was.
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM kept").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v; want the committed one", rows, err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	start(t, dataDir) // Stop has given the data directory back
}

func TestOneServerOnADataDirectory(t *testing.T) {
	dataDir := filepath.Join(t.TempDir(), "data")
	s := start(t, dataDir)
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	// It is still ours: Restart may come.
	if second, err := mariadb.Start(t.Context(), dataDir, filepath.Join(t.TempDir(), "log")); err == nil {
		_ = second.Stop()
		t.Error("another run took the data directory of a server that was killed and not stopped")
	}
}
