package store

import (
	"context"
	"errors"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Env is what a configuration is read from; service.Env is one.
type Env interface {
	String(name, fallback string) string
	Secret(name string) string
	Int(name string, fallback, lowest, highest int) int
	OneOf(name, fallback string, allowed ...string) string
	Fault(name, what string)
}

// Config is how a service reaches the database.
type Config struct {
	// LockWait is how long a statement waits for a locked row, in whole seconds, 1 s to 5 s.
	LockWait time.Duration

	mysql   *mysql.Config // of PULSO_DB_DSN, or else
	cloud   *cloudSQL
	pool    int
	migrate bool
}

// FromEnv reads PULSO_DB_DSN, or PULSO_CLOUDSQL_INSTANCE and what belongs to it, and PULSO_DB_POOL (pool connections
// unless set) and PULSO_MIGRATE.
func FromEnv(env Env, pool int) Config {
	c := Config{LockWait: longestLock}
	dsn, instance := env.Secret("PULSO_DB_DSN"), env.String("PULSO_CLOUDSQL_INSTANCE", "")
	switch {
	case dsn == "" && instance == "":
		env.Fault("PULSO_DB_DSN", "is not set: set it to user:password@tcp(host:3306)/database, or PULSO_CLOUDSQL_INSTANCE to project:region:instance")
	case dsn != "" && instance != "":
		env.Fault("PULSO_DB_DSN", "and PULSO_CLOUDSQL_INSTANCE are both set: set one")
	case instance != "":
		c.cloud = cloudSQLFromEnv(env, instance)
	default:
		var err error
		if c.mysql, err = parse(dsn); err != nil {
			env.Fault("PULSO_DB_DSN", err.Error())
		}
	}
	c.pool = env.Int("PULSO_DB_POOL", pool, 1, 1000)
	c.migrate = env.OneOf("PULSO_MIGRATE", "off", "on", "off") == "on"
	return c
}

// Open makes the store, and brings the tables up to date where PULSO_MIGRATE is on.
func (c Config) Open(ctx context.Context) (*Store, error) {
	s, err := c.open(ctx)
	if err != nil || !c.migrate {
		return s, err
	}
	if err := s.Migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenMore makes another pool, of this size, to the same database.
func (c Config) OpenMore(ctx context.Context, pool int) (*Store, error) {
	c.pool = pool
	return c.open(ctx)
}

func (c Config) open(ctx context.Context) (*Store, error) {
	if c.cloud == nil {
		return newStore(c.mysql.Clone(), c.pool, c.LockWait)
	}
	d, err := c.cloud.newDialer(ctx)
	if err != nil {
		return nil, err
	}
	s, err := newStore(c.cloud.config(d), c.pool, c.LockWait)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	s.dialer = d
	return s, nil
}
