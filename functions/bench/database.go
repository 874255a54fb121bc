package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	_ "github.com/go-sql-driver/mysql" // SQL that no service of ours speaks: TRUNCATE, LOAD DATA, SHOW STATUS

	"github.com/pulso-lab/pulso/internal/mariadb"
	"github.com/pulso-lab/pulso/internal/store"
)

// database is a private MariaDB with Pulso's tables.
type database struct {
	server *mariadb.Server
	dsn    string
	dir    string
	pid    int
	plain  *sql.DB
}

// startDatabase makes one in a folder of its own, which it removes at stop.
func startDatabase(ctx context.Context) (*database, error) {
	dir, err := os.MkdirTemp("", "pulso-bench-")
	if err != nil {
		return nil, err
	}
	server, err := mariadb.Start(ctx, filepath.Join(dir, "data"), filepath.Join(dir, "log"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	d := &database{server: server, dsn: server.DSN("pulso"), dir: dir}
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

func (d *database) prepare(ctx context.Context) error {
	if err := d.server.Create(ctx, "pulso"); err != nil {
		return err
	}
	s, err := store.Open(d.dsn, 1)
	if err != nil {
		return err
	}
	if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil {
		return err
	}
	if d.plain, err = sql.Open("mysql", d.dsn); err != nil {
		return err
	}
	return d.check(ctx)
}

// check makes sure of what the figures rest on, and finds the server's process.
func (d *database) check(ctx context.Context) error {
	var flush, most, infile int
	var pidFile string
	row := d.plain.QueryRowContext(ctx, "SELECT @@innodb_flush_log_at_trx_commit, @@max_connections, @@local_infile, @@pid_file")
	if err := row.Scan(&flush, &most, &infile, &pidFile); err != nil {
		return fmt.Errorf("the server's settings: %w", err)
	}
	if flush != 1 {
		return fmt.Errorf("innodb_flush_log_at_trx_commit is %d: without an fsync at every commit nothing here means anything", flush)
	}
	if most < connections {
		return fmt.Errorf("max_connections is %d: the benchmark needs %d", most, connections)
	}
	if infile != 1 {
		return errors.New("local_infile is off: LOAD DATA LOCAL INFILE needs it")
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return err
	}
	d.pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	return err
}

// empty gives every measurement the same start: an empty table, and no changed pages of the one before to be written.
func (d *database) empty(ctx context.Context) error {
	for _, table := range []string{"samples", "requests"} {
		if _, err := d.plain.ExecContext(ctx, "TRUNCATE "+table); err != nil {
			return err
		}
	}
	return nil
}

// rows counts what is stored.
func (d *database) rows(ctx context.Context) (int, error) {
	var n int
	err := d.plain.QueryRowContext(ctx, "SELECT COUNT(*) FROM samples").Scan(&n)
	return n, err
}

// statements counts those that stored samples or keys since the server started.
func (d *database) statements(ctx context.Context) (int, error) {
	var n int
	err := d.plain.QueryRowContext(ctx, "SELECT CAST(SUM(VARIABLE_VALUE) AS UNSIGNED) FROM information_schema.GLOBAL_STATUS "+
		"WHERE VARIABLE_NAME IN ('COM_INSERT', 'COM_LOAD')").Scan(&n)
	return n, err
}

func (d *database) stop() error {
	var err error
	if d.plain != nil {
		err = d.plain.Close()
	}
	return errors.Join(err, d.server.Stop(), os.RemoveAll(d.dir))
}
