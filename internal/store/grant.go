package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
)

// ErrNoUser says that a user of the database who was to get rights does not exist.
var ErrNoUser = errors.New("the database has no such user")

// right is what a user may do with a table, as GRANT says it.
type right struct{ table, privileges string }

// ingestRights are what Insert, InsertRun, WriteRouteSeconds and Ping need. Ping reads no column of samples, for which the right to
// read any will do: what the VMs were is not the ingest's to read.
var ingestRights = []right{
	{"samples", "INSERT, SELECT (id)"},
	{"requests", "INSERT, SELECT"},
	{"route_stats", "INSERT, SELECT, UPDATE"},
	{"runs", "INSERT, SELECT (id, start, header), UPDATE"},
	{"run_seconds", "INSERT, SELECT (content), UPDATE"},
	tablesVersionRight,
}

// socketRights are what reading, the rollups, retention and the runs that people import, name and delete need. The keys in requests are not the stream's to read.
var socketRights = []right{
	{"samples", "SELECT, DELETE"},
	{"requests", "SELECT (recibido), DELETE"},
	{"route_stats", "SELECT, DELETE"},
	{"rollups", "SELECT, UPDATE"},
	{"samples_by_minute", "SELECT, INSERT, UPDATE, DELETE"},
	{"samples_by_hour", "SELECT, INSERT, UPDATE, DELETE"},
	{"routes_by_minute", "SELECT, INSERT, UPDATE, DELETE"},
	{"routes_by_hour", "SELECT, INSERT, UPDATE, DELETE"},
	{"routes_by_day", "SELECT, INSERT, UPDATE, DELETE"},
	{"runs", "SELECT, INSERT, UPDATE, DELETE"},
	{"run_seconds", "SELECT, INSERT, UPDATE, DELETE"},
	tablesVersionRight,
}

// tablesVersionRight is what Ping needs to see whether the tables are old.
var tablesVersionRight = right{goose.DefaultTablename, "SELECT (version_id, is_applied)"}

// Reach says whether the database answers, with or without the tables.
func (s *Store) Reach(ctx context.Context) error {
	return named("connect to the database", s.db.PingContext(ctx))
}

// Grant lets users of the database, who log in from anywhere ('name'@'%'), do what the ingest functions and the socket
// service do, and nothing else. It takes no right away: those of an earlier version are needed until its last process has
// ended, and again after a rollback. Users who do not exist are named together, in one error that wraps ErrNoUser.
func (s *Store) Grant(ctx context.Context, ingest, socket []string) error {
	var missing []error
	grant := func(users []string, rights []right) error {
		for _, user := range users {
			err := s.grant(ctx, user, rights)
			if err != nil && !errors.Is(err, ErrNoUser) {
				return err
			}
			missing = append(missing, err)
		}
		return nil
	}
	if err := grant(ingest, ingestRights); err != nil {
		return err
	}
	if err := grant(socket, socketRights); err != nil {
		return err
	}
	return errors.Join(missing...)
}

// grant stops at the first error. The driver quotes the name. MariaDB, where its mode is lax, would make a user who does not
// exist, without a password.
func (s *Store) grant(ctx context.Context, user string, rights []right) error {
	const strictly = "/*M! SET STATEMENT sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_CREATE_USER') FOR */ "
	for _, r := range rights {
		_, err := s.db.ExecContext(ctx, strictly+"GRANT "+r.privileges+" ON "+r.table+" TO ?@'%'", user)
		if refused(err, isNoUser) {
			err = fmt.Errorf("%w: %w", ErrNoUser, err)
		}
		if err != nil {
			return fmt.Errorf("grant rights on %s to %q: %w", r.table, user, err)
		}
	}
	return nil
}

// isNoUser says whether GRANT found no user.
func isNoUser(e *mysql.MySQLError) bool {
	const (
		noMatch      = 1133 // ER_PASSWORD_NO_MATCH, of MariaDB
		cannotCreate = 1410 // ER_CANT_CREATE_USER_WITH_GRANT, of MySQL and TiDB
	)
	return e.Number == noMatch || e.Number == cannotCreate
}

// Denied says whether the server knows our user, and refused what was tried because the user may not do it.
func Denied(err error) bool {
	const columnDenied, privilegeMissing = 1143, 1227 // ER_COLUMNACCESS_DENIED_ERROR, ER_SPECIFIC_ACCESS_DENIED_ERROR
	return refused(err, func(e *mysql.MySQLError) bool {
		return slices.Contains([]uint16{databaseDenied, tableDenied, columnDenied, privilegeMissing}, e.Number)
	})
}
