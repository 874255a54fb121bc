package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql" // to fill the tables in a way that no service of ours speaks

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/mariadb"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	hosts = 8 // of a sample a second each
	chunk = 500_000
)

// end is where all data ends. History does not depend on today.
var end = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// database is a private MariaDB with Pulso's tables.
type database struct {
	server *mariadb.Server
	store  *store.Store
	plain  *sql.DB
}

// startDatabase runs one on the folder, with Pulso's tables, and fills it with rows samples unless it holds them.
func startDatabase(ctx context.Context, dir string, rows int, say bench.Printf) (*database, error) {
	server, err := mariadb.Start(ctx, filepath.Join(dir, "data"), filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	d := &database{server: server}
	if err := d.prepare(ctx, rows, say); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

func (d *database) prepare(ctx context.Context, rows int, say bench.Printf) error {
	const name = "pulso"
	if err := d.server.Create(ctx, name); err != nil {
		return err
	}
	var err error
	if d.store, err = store.Open(d.server.DSN(name), 8); err != nil {
		return err
	}
	if err := d.store.Migrate(ctx); err != nil {
		return err
	}
	if d.plain, err = sql.Open("mysql", d.server.DSN(name)); err != nil {
		return err
	}
	return d.fill(ctx, rows, say)
}

// fill leaves a database alone that an earlier run has filled.
func (d *database) fill(ctx context.Context, rows int, say bench.Printf) error {
	var stored int
	if err := d.plain.QueryRowContext(ctx, "SELECT COUNT(*) FROM samples").Scan(&stored); err != nil {
		return err
	}
	switch stored {
	case rows + burst:
		return nil
	case 0:
	default:
		return fmt.Errorf("the database holds %d rows and should have %d: take another folder", stored, rows+burst)
	}
	began := time.Now()
	for first := 0; first < rows; first += chunk {
		if err := d.sequence(ctx, samplesSQL, first, min(first+chunk, rows), end.Add(-time.Duration(rows/hosts)*time.Second)); err != nil {
			return err
		}
	}
	for _, f := range fills {
		if err := d.sequence(ctx, f.query, 0, f.rows, f.begins); err != nil {
			return err
		}
	}
	say("%d rows and their rollups were written in %.0f s\n", rows+burst, time.Since(began).Seconds())
	return nil
}

// sequence executes a statement whose $from and $to bound the numbers that it makes rows of; its placeholder is where
// the time begins.
func (d *database) sequence(ctx context.Context, query string, from, to int, begins time.Time) error {
	query = strings.NewReplacer("$from", fmt.Sprint(from), "$to", fmt.Sprint(to-1)).Replace(query)
	_, err := d.plain.ExecContext(ctx, query, begins.Format(time.DateTime))
	return err
}

// cpu is the CPU time that the database and this process have used.
func (d *database) cpu() (time.Duration, error) {
	server, err := bench.CPU(d.server.PID())
	if err != nil {
		return 0, err
	}
	own, err := bench.CPU(os.Getpid())
	return server + own, err
}

func (d *database) stop() error {
	var err error
	if d.plain != nil {
		err = d.plain.Close()
	}
	if d.store != nil {
		err = errors.Join(err, d.store.Close())
	}
	return errors.Join(err, d.server.Stop())
}
