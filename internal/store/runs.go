package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
)

const (
	// secondsOfOne is how many seconds one statement writes: each may be 14 kB, and a server takes 16 MiB.
	secondsOfOne = 100
	// runTimeout bounds the writing of one part: more than one lock wait, and less than anybody waits for an answer.
	runTimeout = 8 * time.Second
)

var (
	// ErrNoRun says that there is no run of this id.
	ErrNoRun = errors.New("there is no such run")
	// ErrOtherRun says that the id is that of another run, which began at another time.
	ErrOtherRun = errors.New("another run has this id")
)

// InsertRun stores a part of a run, at most run.MaxPart of its seconds, or none of it. What was stored of the run before
// stays; the newest header counts, but for a name that somebody gave by RenameRun, and so does the newest of each second:
// so a part may be stored again after any error. Where the id is that of a run which began at another time, the error wraps
// ErrOtherRun as well. ctx bounds the wait for a connection.
// An error that does not wrap ErrNotStored leaves the outcome unknown.
func (s *Store) InsertRun(ctx context.Context, r run.Run) error {
	if len(r.Seconds) > run.MaxPart {
		return fmt.Errorf("%w: %d seconds of a run at once: at most %d", ErrNotStored, len(r.Seconds), run.MaxPart)
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("%w: connect to the database: %w", ErrNotStored, err)
	}
	defer func() { _ = conn.Close() }() // it is in the pool again, or gone
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), runTimeout)
	defer cancel()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%w: begin: %w", ErrNotStored, err)
	}
	if err := insertRun(ctx, tx, &r); err != nil {
		_ = tx.Rollback() // or else the connection ends, and with it the transaction
		if refused(err, isOfSession) {
			drop(conn)
		}
		return fmt.Errorf("%w: insert a run: %w", ErrNotStored, err)
	}
	return named("insert a run: commit", tx.Commit())
}

// insertRun writes the header first: its row is the lock of all that belongs to the run.
func insertRun(ctx context.Context, tx *sql.Tx, r *run.Run) error {
	header, err := json.Marshal(r.Header)
	if err != nil {
		return err
	}
	start := r.Start.Truncate(time.Microsecond) // the database would round it, out of its calendar even
	// JSON goes as text: MySQL takes no binary string for it.
	if _, err := tx.ExecContext(ctx, "INSERT INTO runs (id, start, header) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE header = IF(start = ?, ?, header)",
		r.ID, start, string(header), start, string(header)); err != nil {
		return err
	}
	var began time.Time
	if err := tx.QueryRowContext(ctx, "SELECT start FROM runs WHERE id = ?", r.ID).Scan(&began); err != nil {
		return err
	}
	if !began.Equal(start) {
		return ErrOtherRun
	}
	for part := range slices.Chunk(r.Seconds, secondsOfOne) {
		args := make([]any, 0, 3*len(part))
		for i := range part {
			content, err := json.Marshal(&part[i])
			if err != nil {
				return err
			}
			args = append(args, r.ID, part[i].Second, string(content))
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO run_seconds (run, second, content) VALUES "+values("(?, ?, ?)", len(part))+ //nolint:gosec // placeholders only
			" ON DUPLICATE KEY UPDATE content = VALUES(content)", args...); err != nil {
			return err
		}
	}
	return nil
}

// runHeaders are the columns that header reads.
const runHeaders = "SELECT header, name FROM runs "

func header(row interface{ Scan(...any) error }) (h run.Header, err error) {
	var content []byte
	var name sql.NullString
	if err := row.Scan(&content, &name); err != nil {
		return h, err
	}
	err = json.Unmarshal(content, &h)
	if name.Valid {
		h.Name = name.String
	}
	return h, err
}

// Runs lists at most limit runs, the one that began last first.
func (s *Store) Runs(ctx context.Context, limit int) (run.List, error) {
	list, err := s.runs(ctx, limit)
	return list, named("list the runs", err)
}

func (s *Store) runs(ctx context.Context, limit int) (run.List, error) {
	rows, err := s.db.QueryContext(ctx, runHeaders+"ORDER BY start DESC, id DESC LIMIT ?", limit+1)
	if err != nil {
		return run.List{}, err
	}
	defer func() { _ = rows.Close() }()
	list := run.List{Runs: []run.Header{}}
	for rows.Next() {
		if list.More = len(list.Runs) == limit; list.More {
			break
		}
		h, err := header(rows)
		if err != nil {
			return run.List{}, err
		}
		list.Runs = append(list.Runs, h)
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

// Run reads a run with all of its seconds, as they were at one moment. It wraps ErrNoRun where there is none.
func (s *Store) Run(ctx context.Context, id string) (run.Run, error) {
	r, err := s.run(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoRun
	}
	return r, named("read run "+id, err)
}

func (s *Store) run(ctx context.Context, id string) (r run.Run, err error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return r, err
	}
	defer func() { _ = tx.Rollback() }() // there is nothing to commit
	if r.Header, err = header(tx.QueryRowContext(ctx, runHeaders+"WHERE id = ?", id)); err != nil {
		return r, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT content FROM run_seconds WHERE run = ? ORDER BY second", id)
	if err != nil {
		return r, err
	}
	defer func() { _ = rows.Close() }()
	r.Seconds = []run.Second{}
	for rows.Next() {
		var content sql.RawBytes // read before the next row
		if err := rows.Scan(&content); err != nil {
			return r, err
		}
		r.Seconds = append(r.Seconds, run.Second{})
		if err := json.Unmarshal(content, &r.Seconds[len(r.Seconds)-1]); err != nil {
			return r, err
		}
	}
	return r, errors.Join(rows.Err(), rows.Close())
}

// RenameRun gives a run a name, which it keeps whatever is stored of it later. It wraps ErrNoRun where there is none.
func (s *Store) RenameRun(ctx context.Context, id, name string) (run.Header, error) {
	_, err := s.db.ExecContext(ctx, "UPDATE runs SET name = ? WHERE id = ?", name, id)
	if err != nil {
		return run.Header{}, named("name run "+id, err)
	}
	h, err := header(s.db.QueryRowContext(ctx, runHeaders+"WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoRun
	}
	return h, named("name run "+id, err)
}

// DeleteRun deletes a run and its seconds. It wraps ErrNoRun where there is none.
func (s *Store) DeleteRun(ctx context.Context, id string) error {
	return named("delete run "+id, s.deleteRun(ctx, id))
}

func (s *Store) deleteRun(ctx context.Context, id string) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	result, err := tx.ExecContext(ctx, "DELETE FROM runs WHERE id = ?", id)
	if err != nil {
		return err
	}
	if deleted, err := result.RowsAffected(); err != nil || deleted == 0 {
		return errors.Join(err, ErrNoRun)
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM run_seconds WHERE run = ?", id); err != nil {
		return err
	}
	return tx.Commit()
}
