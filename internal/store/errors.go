package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// Errors of Insert. One that wraps none of them leaves the outcome unknown.
var (
	// ErrNotStored says that certainly nothing was stored by this attempt. An earlier one with the same key may have
	// stored the request, or may still do so.
	ErrNotStored = errors.New("nothing was stored")
	// ErrKeyReused says that the request's key was used with another body.
	ErrKeyReused = errors.New("the Idempotency-Key was used with another body")
	// ErrKeyBusy says that nothing was stored, because a key of the requests that were to be stored together is being
	// stored by somebody else, who takes long. By itself, each of the others would succeed.
	ErrKeyBusy = fmt.Errorf("%w: a key is being stored elsewhere", ErrNotStored)
)

// Errors of the server, by their numbers in MySQL, MariaDB and TiDB.
const (
	duplicateEntry   = 1062 // ER_DUP_ENTRY
	lockWait         = 1205 // ER_LOCK_WAIT_TIMEOUT
	deadlock         = 1213 // ER_LOCK_DEADLOCK
	wrongValue       = 1366 // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, of no telling class in MySQL
	serverShutdown   = 1053 // ER_SERVER_SHUTDOWN
	errorInCommit    = 1180 // ER_ERROR_DURING_COMMIT
	interrupted      = 1317 // ER_QUERY_INTERRUPTED
	killed           = 1927 // ER_CONNECTION_KILLED
	tidbUndetermined = 8501 // ErrResultUndetermined
	databaseDenied   = 1044 // ER_DBACCESS_DENIED_ERROR
	tableDenied      = 1142 // ER_TABLEACCESS_DENIED_ERROR
	optionPrevents   = 1290 // ER_OPTION_PREVENTS_STATEMENT, such as --read-only
	readOnly         = 1792 // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
	readOnlyMode     = 1836 // ER_READ_ONLY_MODE
)

// refused says whether the server refused a statement with an error of a kind.
func refused(err error, kind func(*mysql.MySQLError) bool) bool {
	refusal, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && kind(refusal)
}

func isDuplicate(e *mysql.MySQLError) bool { return e.Number == duplicateEntry }

func isDeadlock(e *mysql.MySQLError) bool { return e.Number == deadlock }

func isLock(e *mysql.MySQLError) bool { return e.Number == lockWait || isDeadlock(e) }

// isData says whether one row's values are at fault: the classes of SQLSTATE for data, constraints, and what a trigger
// signals.
func isData(e *mysql.MySQLError) bool {
	class := string(e.SQLState[:2])
	return !isDuplicate(e) && (class == "22" || class == "23" || class == "45" || e.Number == wrongValue)
}

// isOfSession says whether another connection may fare better: rights are read when one is made, and one to a server that
// has become a replica stays with it.
func isOfSession(e *mysql.MySQLError) bool {
	return slices.Contains([]uint16{databaseDenied, tableDenied, optionPrevents, readOnly, readOnlyMode}, e.Number)
}

// isSure says whether a refused statement has surely not committed: the server did not end in the middle of it.
func isSure(e *mysql.MySQLError) bool {
	return !slices.Contains([]uint16{serverShutdown, errorInCommit, interrupted, killed, tidbUndetermined}, e.Number)
}

// sent classifies the error of a statement that commits itself.
func sent(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case refused(err, isSure), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone): // nothing was sent
		return fmt.Errorf("%w: %s: %w", ErrNotStored, doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
