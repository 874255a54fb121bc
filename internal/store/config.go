package store

import (
	"context"
	"errors"
	"time"
)

// Env is what a configuration is read from; service.Env is one.
type Env interface {
	RequiredSecret(name, what string) string
	Int(name string, fallback, lowest, highest int) int
	OneOf(name, fallback string, allowed ...string) string
	Fault(name, what string)
}

// Config is how a service reaches the database.
type Config struct {
	// LockWait is how long a statement waits for a locked row, in whole seconds, 1 s to 5 s.
	LockWait time.Duration

	dsn     string
	pool    int
	migrate bool
}

// FromEnv reads PULSO_DB_DSN, PULSO_DB_POOL (pool connections unless set) and PULSO_MIGRATE.
func FromEnv(env Env, pool int) Config {
	c := Config{
		LockWait: longestLock,

		dsn:     env.RequiredSecret("PULSO_DB_DSN", "set it to user:password@tcp(host:3306)/database"),
		pool:    env.Int("PULSO_DB_POOL", pool, 1, 1000),
		migrate: env.OneOf("PULSO_MIGRATE", "off", "on", "off") == "on",
	}
	if c.dsn == "" {
		return c
	}
	if _, err := parse(c.dsn); err != nil {
		env.Fault("PULSO_DB_DSN", err.Error())
	}
	return c
}

// Open makes the store, and brings the tables up to date where PULSO_MIGRATE is on.
func (c Config) Open(ctx context.Context) (*Store, error) {
	s, err := c.open()
	if err != nil || !c.migrate {
		return s, err
	}
	if err := s.Migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (c Config) open() (*Store, error) {
	config, err := parse(c.dsn)
	if err != nil {
		return nil, err
	}
	return newStore(config, c.pool, c.LockWait)
}
