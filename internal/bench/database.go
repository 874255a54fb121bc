package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/pulso-lab/pulso/internal/mariadb"
	"github.com/pulso-lab/pulso/internal/store"
)

// Database is a private MariaDB, which commits with an fsync, in a folder of its own.
type Database struct {
	*mariadb.Server
	Dir string
}

// StartDatabase starts one. The caller must Remove it.
func StartDatabase(ctx context.Context) (*Database, error) {
	dir, err := os.MkdirTemp("", "pulso-bench-")
	if err != nil {
		return nil, err
	}
	server, err := mariadb.Start(ctx, filepath.Join(dir, "data"), filepath.Join(dir, "log"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Database{server, dir}, nil
}

// Tables makes an empty database with Pulso's tables, and returns how it is reached.
func (d *Database) Tables(ctx context.Context, name string) (dsn string, err error) {
	if err := d.Create(ctx, name); err != nil {
		return "", err
	}
	dsn = d.DSN(name)
	s, err := store.Open(dsn, 1)
	if err != nil {
		return "", err
	}
	return dsn, errors.Join(s.Migrate(ctx), s.Close())
}

// Remove stops the server and removes its folder.
func (d *Database) Remove() error { return errors.Join(d.Stop(), os.RemoveAll(d.Dir)) }
