package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/pulso-lab/pulso/internal/sample"
)

var (
	// ErrNotStored says that certainly nothing was stored by this attempt. An earlier one with the same key may have
	// stored the request, or may still do so. An error of Insert that is neither this one nor ErrKeyReused leaves the
	// outcome unknown.
	ErrNotStored = errors.New("nothing was stored")
	// ErrKeyReused says that the request's key was used with another body.
	ErrKeyReused = errors.New("the Idempotency-Key was used with another body")
)

const duplicateEntry = 1062 // ER_DUP_ENTRY

// Request is what one ingest request stores: all of its samples, or none.
type Request struct {
	API      string // the route
	Samples  []sample.Sample
	Recibido sample.Recibido
	Key      string   // the Idempotency-Key; empty without one
	Content  [32]byte // SHA-256 of the body; only read with a key
}

// Answer is what a client is told about its stored request.
type Answer struct {
	API string  `json:"api"` // the route that stored it
	IDs []int64 `json:"ids"` // one for each sample, in their order
}

// Insert stores a request and returns after the commit. With a key that was seen before, it stores nothing and
// returns the first request's answer.
func (s *Store) Insert(ctx context.Context, r Request) (Answer, error) {
	// A pooled connection may have died while it lay idle. The driver notices before it sends anything; as database/sql
	// does, take another one, and after a few a new one is due.
	const tries = 3
	var answer Answer
	var err error
	for range tries {
		answer, err = s.insert(ctx, r)
		if !errors.Is(err, driver.ErrBadConn) {
			break
		}
	}
	return answer, err
}

func (s *Store) insert(ctx context.Context, r Request) (Answer, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: connect to the database: %w", ErrNotStored, err)
	}
	defer func() { _ = conn.Close() }() // back to the pool
	if r.Key == "" {
		ids, err := insertSamples(ctx, conn, r)
		if err != nil {
			return Answer{}, sent("insert", err)
		}
		return Answer{API: r.API, IDs: ids}, nil
	}
	answer, err := lookUp(ctx, conn, r)
	switch {
	case err == nil, errors.Is(err, ErrKeyReused):
		return answer, err
	case !errors.Is(err, sql.ErrNoRows):
		return Answer{}, fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	return insertWithKey(ctx, conn, r)
}

// insertWithKey stores the samples and the key in one transaction. Of two that race with the same key, the loser
// waits at the primary key until the winner has committed, and then answers as the winner did.
//
// The transaction is made of plain statements: unlike those of sql.Tx, its COMMIT ends with ctx.
func insertWithKey(ctx context.Context, conn *sql.Conn, r Request) (Answer, error) {
	answer, err := insertBoth(ctx, conn, r)
	if err != nil {
		// Until the COMMIT is sent, whatever happens is a rollback.
		rollBack(ctx, conn)
		if refusal, ok := errors.AsType[*mysql.MySQLError](err); ok && refusal.Number == duplicateEntry {
			return lookUp(ctx, conn, r) // whatever goes wrong now, the request is stored
		}
		return Answer{}, fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		rollBack(ctx, conn)
		// Not with %w: that it was a bad connection must not lead to another try.
		return Answer{}, fmt.Errorf("commit: %v", err) //nolint:errorlint // see above
	}
	return answer, nil
}

// rollBack ends a transaction, or else the connection, and with it the transaction.
func rollBack(ctx context.Context, conn *sql.Conn) {
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

func insertBoth(ctx context.Context, conn *sql.Conn, r Request) (Answer, error) {
	if _, err := conn.ExecContext(ctx, "START TRANSACTION"); err != nil {
		return Answer{}, fmt.Errorf("begin: %w", err)
	}
	ids, err := insertSamples(ctx, conn, r)
	if err != nil {
		return Answer{}, fmt.Errorf("insert samples: %w", err)
	}
	encoded, err := json.Marshal(ids)
	if err != nil {
		return Answer{}, err
	}
	// The ids go as text: MySQL takes no binary string for JSON.
	_, err = conn.ExecContext(ctx, "INSERT INTO requests (clave, contenido, api, ids, recibido) VALUES (?, ?, ?, ?, ?)",
		[]byte(r.Key), r.Content[:], r.API, string(encoded), r.Recibido.Time)
	if err != nil {
		return Answer{}, fmt.Errorf("insert request: %w", err)
	}
	return Answer{API: r.API, IDs: ids}, nil
}

// lookUp is the first answer to a request with the same key, or an error that wraps sql.ErrNoRows.
func lookUp(ctx context.Context, conn *sql.Conn, r Request) (Answer, error) {
	var a Answer
	var content, ids []byte
	row := conn.QueryRowContext(ctx, "SELECT contenido, api, ids FROM requests WHERE clave = ?", []byte(r.Key))
	if err := row.Scan(&content, &a.API, &ids); err != nil {
		return Answer{}, fmt.Errorf("look up the key: %w", err)
	}
	if string(content) != string(r.Content[:]) {
		return Answer{}, ErrKeyReused
	}
	if err := json.Unmarshal(ids, &a.IDs); err != nil {
		return Answer{}, fmt.Errorf("ids of an earlier answer: %w", err)
	}
	return a, nil
}

// sent classifies the error of a statement that commits itself.
func sent(doing string, err error) error {
	_, refused := errors.AsType[*mysql.MySQLError](err)
	if refused || errors.Is(err, driver.ErrBadConn) { // the driver's word for "before anything was sent"
		return fmt.Errorf("%w: %s: %w", ErrNotStored, doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

const (
	sampleColumns = `total_ram, ram_libre, uso_ram, porcentaje_ram, porcentaje_cpu_uso, porcentaje_cpu_libre,
		procesos_corriendo, total_procesos, procesos_durmiendo, procesos_zombie, procesos_parados,
		hora, host, secuencia, fuente, api, recibido`
	sampleValues = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	columnCount  = 17
)

// insertSamples writes all samples in one statement and returns their ids. For an INSERT whose row count is known
// beforehand, InnoDB takes one run of neighbouring ids, of which LAST_INSERT_ID is the first
// (https://dev.mysql.com/doc/refman/8.4/en/innodb-auto-increment-handling.html).
func insertSamples(ctx context.Context, conn *sql.Conn, r Request) ([]int64, error) {
	query := "INSERT INTO samples (" + sampleColumns + ") VALUES " + sampleValues + strings.Repeat(", "+sampleValues, len(r.Samples)-1) //nolint:gosec // placeholders only
	args := make([]any, 0, columnCount*len(r.Samples))
	for _, s := range r.Samples {
		args = append(args, s.TotalRAM, s.RAMLibre, s.UsoRAM, s.PorcentajeRAM, s.PorcentajeCPUUso, s.PorcentajeCPULibre,
			s.ProcesosCorriendo, s.TotalProcesos, s.ProcesosDurmiendo, s.ProcesosZombie, s.ProcesosParados,
			s.Hora.Time, s.Host, s.Secuencia, s.Fuente, r.API, r.Recibido.Time)
	}
	result, err := conn.ExecContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	first, err := result.LastInsertId()
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(r.Samples))
	for i := range ids {
		ids[i] = first + int64(i)
	}
	return ids, nil
}
