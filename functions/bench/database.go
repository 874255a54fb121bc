package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "github.com/go-sql-driver/mysql" // SQL that no service of ours speaks: TRUNCATE, LOAD DATA, SHOW STATUS

	"github.com/pulso-lab/pulso/internal/bench"
)

// database is a private MariaDB with Pulso's tables.
type database struct {
	*bench.Database
	dsn   string
	plain *sql.DB
}

// startDatabase starts one. The caller must stop it.
func startDatabase(ctx context.Context) (*database, error) {
	server, err := bench.StartDatabase(ctx)
	if err != nil {
		return nil, err
	}
	d := &database{Database: server}
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

func (d *database) prepare(ctx context.Context) (err error) {
	if d.dsn, err = d.Tables(ctx, "pulso"); err != nil {
		return err
	}
	if d.plain, err = sql.Open("mysql", d.dsn); err != nil {
		return err
	}
	return d.check(ctx)
}

// check makes sure of what the figures rest on.
func (d *database) check(ctx context.Context) error {
	var flush, most, infile int
	row := d.plain.QueryRowContext(ctx, "SELECT @@innodb_flush_log_at_trx_commit, @@max_connections, @@local_infile")
	if err := row.Scan(&flush, &most, &infile); err != nil {
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
	return nil
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
	return errors.Join(err, d.Remove())
}
