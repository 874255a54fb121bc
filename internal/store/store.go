// Package store is the database: connections, migrations, and the statements that more than one part needs.
//
// It speaks the part of SQL that MySQL 8.4, MariaDB and TiDB share, with placeholders only. Every connection runs
// in UTC with READ COMMITTED and a lock wait of at most 5 s, and the server drops one that idles for idleTimeout, so that
// a transaction whose client stalled cannot stay open: the stream relies on that when it declares a missing id dead.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	dialTimeout    = 5 * time.Second
	statementLimit = 15 * time.Second // the driver gives a connection up after this long without an answer
	idleTimeout    = 20 * time.Second
	longestLock    = 5 * time.Second
	maxIdle        = 10 * time.Second // well under idleTimeout: the pool drops a connection before the server does
	lockPoll       = 100 * time.Millisecond
	lockTries      = 3000 // five minutes of waiting for another process's migration
)

// TransactionLimit bounds how long a transaction of ours can hold an id that nobody sees: two statements that wait
// for locks and two pauses that the server tolerates, with room to spare.
const TransactionLimit = 60 * time.Second

// Store is a pool of connections to one database. Its methods may be called from several goroutines.
type Store struct {
	db     *sql.DB
	config *mysql.Config
	dialer *dialer // of Cloud SQL, or nil
}

// Open prepares a pool of at most size connections to a DSN of go-sql-driver/mysql. It does not connect yet: a
// service starts, and says that it is not ready, while its database is away.
func Open(dsn string, size int) (*Store, error) {
	config, err := parse(dsn)
	if err != nil {
		return nil, fmt.Errorf("the database's DSN %w", err)
	}
	return newStore(config, size, longestLock)
}

// newStore prepares a pool of at most size connections to what config names.
func newStore(config *mysql.Config, size int, rowLock time.Duration) (*Store, error) {
	config.ParseTime = true
	config.Loc = time.UTC
	config.InterpolateParams = true // one round trip a statement instead of three
	config.Timeout, config.ReadTimeout, config.WriteTimeout = dialTimeout, statementLimit, statementLimit
	config.Logger = &mysql.NopLogger{} // what it would say comes back as an error, too
	config.Params = map[string]string{
		"time_zone":         "'+00:00'",
		rowLockVariable:     seconds(rowLock),
		"lock_wait_timeout": seconds(longestLock), // for a table that is being changed
		"wait_timeout":      seconds(idleTimeout),
	}
	db, err := open(config)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(maxIdle)
	return &Store{db: db, config: config}, nil
}

const rowLockVariable = "innodb_lock_wait_timeout"

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// parse reads a DSN; its errors do not show it.
func parse(dsn string) (*mysql.Config, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errors.New("is not of the form user:password@tcp(host:port)/database") // the cause could show the password
	}
	if config.DBName == "" {
		return nil, errors.New("names no database: it must end with /database")
	}
	return config, nil
}

func open(config *mysql.Config) (*sql.DB, error) {
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if config.Net == cloudNet {
		connector = granted{connector}
	}
	return sql.OpenDB(session{connector}), nil
}

// session prepares each new connection.
type session struct{ driver.Connector }

func (c session) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(readCommitted(ctx, made), oneByOne(ctx, made)); err != nil {
		return nil, errors.Join(err, made.Close())
	}
	return &preparing{conn: made.(conn)}, nil
}

// readCommitted sets the isolation level, for which MySQL and MariaDB have no common variable.
func readCommitted(ctx context.Context, conn driver.Conn) error {
	_, err := conn.(driver.ExecerContext).ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil)
	return err
}

// oneByOne refuses a server whose ids of one INSERT are not neighbours: those that Insert answers would be wrong.
func oneByOne(ctx context.Context, conn driver.Conn) error {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, "SELECT @@auto_increment_increment", nil)
	if err != nil {
		return err
	}
	increment := make([]driver.Value, 1)
	if err := errors.Join(rows.Next(increment), rows.Close()); err != nil {
		return err
	}
	text := fmt.Sprint(increment[0])
	if raw, ok := increment[0].([]byte); ok { // servers differ in how they send a variable
		text = string(raw)
	}
	if text != "1" {
		return fmt.Errorf("the server's auto_increment_increment is %s: Pulso needs 1", text)
	}
	return nil
}

// Close waits for the statements that run and closes the pool.
func (s *Store) Close() error {
	if s.dialer == nil {
		return s.db.Close()
	}
	return errors.Join(s.db.Close(), s.dialer.Close())
}

// Ping says whether the database answers, and has the tables of this version or of a later one.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, "SELECT 1 FROM samples, requests, route_stats LIMIT 0"); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	var version int64
	if err := s.db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM "+goose.DefaultTablename+" WHERE is_applied").Scan(&version); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if needed := tablesVersion(); version < needed {
		return fmt.Errorf("database: its tables are of version %d, and not yet of version %d", version, needed)
	}
	return nil
}

// tablesVersion is that of the newest migration.
var tablesVersion = sync.OnceValue(func() int64 {
	var newest int64
	files, err := migrations.ReadDir("migrations")
	for _, file := range files {
		version, badName := goose.NumericComponent(file.Name())
		newest, err = max(newest, version), errors.Join(err, badName)
	}
	if err != nil {
		panic(err) // they are part of the program
	}
	return newest
})

// Migrate brings the tables up to date. Several processes may call it at once: a lock in the database lets one work.
func (s *Store) Migrate(ctx context.Context) error {
	config := s.config.Clone()
	config.ReadTimeout = 0 // a change to a large table takes its time
	config.Params[rowLockVariable] = seconds(longestLock)
	db, err := open(config)
	if err != nil {
		return err
	}
	return errors.Join(migrate(ctx, db), db.Close())
}

func migrate(ctx context.Context, db *sql.DB) error {
	locker, err := lock.NewMySQLTableLocker(lock.WithTableLockTimeout(lockPoll, lockTries))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectMySQL, db, files, goose.WithLocker(locker))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
