// Command migrator brings the tables of the database up to date, lets the services' users of the database do what their
// services need, and ends: in the cloud, where those users can change no table, one Job runs it for each new version.
//
// It may run again, and several at once: what is done already stays as it is.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	patience       = 5 * time.Minute  // what IAM may take to let a new account in everywhere
	attemptTimeout = 15 * time.Second // more than the opening of a connection takes to fail by itself, with a reason
	pause          = 2 * time.Second  // between attempts
)

func main() { service.Main("migrator", run) }

func run(ctx context.Context, log *slog.Logger, env *service.Env) error {
	database := store.FromEnv(env, 2)
	ingest := readUsers(env, "PULSO_INGEST_USERS")
	socket := readUsers(env, "PULSO_SOCKET_USERS")
	env.Log(log)
	if err := env.Err(); err != nil {
		return err
	}
	db, err := database.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // everything is done, or has failed
	return explain(work(ctx, log, db, ingest, socket))
}

func work(ctx context.Context, log *slog.Logger, db *store.Store, ingest, socket []string) error {
	if err := await(ctx, log, db, patience); err != nil {
		return err
	}
	// A signal does not break a migration off: a statement that changes a table commits by itself, so that the next run
	// would meet half a migration, and could not go on.
	if err := db.Migrate(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	log.Info("tables_up_to_date")
	if err := db.Grant(ctx, ingest, socket); err != nil {
		return err
	}
	log.Info("rights_granted")
	return nil
}

// await returns when the database answers, or has refused our user for good, and waits for it no longer than patience:
// a new database, and the rights of a new account, take minutes to be there.
func await(ctx context.Context, log *slog.Logger, db *store.Store, patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the database was away for %s", patience))
	defer cancel()
	for {
		err := reach(ctx, db)
		if err == nil || store.Denied(err) {
			return err
		}
		log.Warn("database_away", "error", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(pause):
		}
	}
}

func reach(ctx context.Context, db *store.Store) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	return db.Reach(ctx)
}

// explain adds what to do about an error.
func explain(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("ended by a signal before everything was done: %w", err)
	case errors.Is(err, store.ErrNoUser):
		return fmt.Errorf("%w: it must be there before its rights: on Cloud SQL, gcloud sql users create ACCOUNT --type=cloud_iam_service_account", err)
	case store.Denied(err):
		return fmt.Errorf("%w: the migrator's user must be able to create and alter tables, and to grant rights on them: "+
			"on Cloud SQL, gcloud sql users assign-roles ACCOUNT --type=cloud_iam_service_account --database-roles=cloudsqlsuperuser", err)
	}
	return err
}

// userName is a user that needs no quoting, of at most as many characters as MySQL takes.
var userName = regexp.MustCompile(`^[A-Za-z0-9._+-]{1,32}$`)

// readUsers reads the names of users of the database, of which there must be one.
func readUsers(env *service.Env, name string) []string {
	users := strings.FieldsFunc(env.String(name, ""), func(c rune) bool { return c == ',' || c == ' ' })
	if len(users) == 0 {
		env.Fault(name, "is not set: name the services' users of the database, separated by commas; of an IAM account, what is before the @")
	}
	for _, user := range users {
		if !userName.MatchString(user) {
			env.Fault(name, fmt.Sprintf("names %q: a user of the database is named by at most 32 letters, digits and . _ + -; an IAM account, by what is before the @", user))
		}
	}
	return users
}
