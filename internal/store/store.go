// Package store is the database: connections, migrations, and the statements that more than one part needs.
//
// It speaks the part of SQL that MySQL 8.4, MariaDB and TiDB share, with placeholders only. Every connection runs
// in UTC with READ COMMITTED and a lock wait of 5 s, and the server drops one that idles for idleTimeout, so that a
// transaction whose client stalled cannot stay open: the stream relies on that when it declares a missing id dead.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	dialTimeout     = 5 * time.Second
	statementLimit  = 15 * time.Second // the driver gives a connection up after this long without an answer
	idleTimeout     = "20"             // seconds
	lockWaitTimeout = "5"              // seconds
	maxIdle         = 10 * time.Second // well under idleTimeout: the pool drops a connection before the server does
	lockPoll        = 100 * time.Millisecond
	lockTries       = 3000 // five minutes of waiting for another process's migration
)

// TransactionLimit bounds how long a transaction of ours can hold an id that nobody sees: two statements that wait
// for locks and two pauses that the server tolerates, with room to spare.
const TransactionLimit = 60 * time.Second

// Store is a pool of connections to one database. Its methods may be called from several goroutines.
type Store struct{ db *sql.DB }

// Open prepares a pool of at most size connections to a DSN of go-sql-driver/mysql. It does not connect yet: a
// service starts, and says that it is not ready, while its database is away.
func Open(dsn string, size int) (*Store, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errors.New("PULSO_DB_DSN is not of the form user:password@tcp(host:port)/database") // the cause could show the password
	}
	if config.DBName == "" {
		return nil, errors.New("PULSO_DB_DSN names no database: end it with /database")
	}
	config.ParseTime = true
	config.Loc = time.UTC
	config.InterpolateParams = true // one round trip a statement instead of three
	config.Timeout, config.ReadTimeout, config.WriteTimeout = dialTimeout, statementLimit, statementLimit
	config.Params = map[string]string{
		"time_zone":                "'+00:00'",
		"innodb_lock_wait_timeout": lockWaitTimeout,
		"wait_timeout":             idleTimeout,
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db := sql.OpenDB(readCommitted{connector})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(maxIdle)
	return &Store{db: db}, nil
}

// readCommitted sets the isolation level of each new connection: MySQL and MariaDB have no common variable for it.
type readCommitted struct{ driver.Connector }

func (c readCommitted) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	const set = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, set, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// Close waits for the statements that run and closes the pool.
func (s *Store) Close() error { return s.db.Close() }

// Ping says whether the database answers and has the tables.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, "SELECT 1 FROM samples, requests LIMIT 0"); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// Migrate brings the tables up to date. Several processes may call it at once: a lock in the database lets one work.
func (s *Store) Migrate(ctx context.Context) error {
	locker, err := lock.NewMySQLTableLocker(lock.WithTableLockTimeout(lockPoll, lockTries))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectMySQL, s.db, files, goose.WithLocker(locker))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
