package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// RollupTerm is how long a keeper of the rollups has its turn unless it renews it, by the database's clock.
const RollupTerm = 15 * time.Second

// MaxRollupMinutes is how many minutes one call of RollUp takes.
const MaxRollupMinutes = 480

// ErrNotKeeper says that another one keeps the rollups, and that nothing was changed.
var ErrNotKeeper = errors.New("another process keeps the rollups")

// KeepRollups takes the turn of keeping the rollups, or renews it, unless another owner has it, and says whether it is the
// owner's now. An owner is at most 64 bytes of ASCII.
func (s *Store) KeepRollups(ctx context.Context, owner string) (mine bool, err error) {
	// An owner at work has the row locked, for which those without a turn are not to wait.
	err = s.db.QueryRowContext(ctx, "SELECT owner = ? OR until < NOW(6) FROM rollups WHERE id = 1", owner).Scan(&mine)
	if err != nil || !mine {
		return false, named("look for the turn of the rollups", err)
	}
	result, err := s.db.ExecContext(ctx, `UPDATE rollups SET owner = ?, until = NOW(6) + INTERVAL ? SECOND
		WHERE id = 1 AND (owner = ? OR until < NOW(6))`, owner, seconds(RollupTerm), owner)
	if refused(err, isLock) { // its owner is late, but there
		return false, nil
	}
	if err != nil {
		return false, named("take the turn of the rollups", err)
	}
	taken, err := result.RowsAffected()
	return taken > 0, named("take the turn of the rollups", err)
}

// LeaveRollups ends the owner's turn, so that another need not wait for its end.
func (s *Store) LeaveRollups(ctx context.Context, owner string) error {
	_, err := s.db.ExecContext(ctx, "UPDATE rollups SET until = '1970-01-01' WHERE id = 1 AND owner = ?", owner)
	return named("leave the rollups", err)
}

// Rollups is how far the rollups are.
type Rollups struct {
	Position int64     // every row up to this id is in them
	Routes   time.Time // every second of a route that changed before, by its guardado, is in them
}

// Rollups reads how far the rollups are.
func (s *Store) Rollups(ctx context.Context) (now Rollups, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT position, routes FROM rollups WHERE id = 1").Scan(&now.Position, &now.Routes)
	return now, named("read the position of the rollups", err)
}

// HostMinute is a minute of one host's `hora`.
type HostMinute struct {
	Host string
	Hora time.Time // where it begins, in UTC
}

// RollUp computes minutes anew from the rows, and their hours from the minutes, and notes that all rows up to position
// are in them. The minutes are at most MaxRollupMinutes, different, in order of host and time. Where rows were retired,
// what is stored stays unless there are at least as many samples now. After an error, all or nothing of it was done.
func (s *Store) RollUp(ctx context.Context, owner string, minutes []HostMinute, position int64) error {
	if len(minutes) > MaxRollupMinutes {
		return fmt.Errorf("roll up: %d minutes at once: at most %d", len(minutes), MaxRollupMinutes)
	}
	err := s.asKeeper(ctx, owner, func(tx *sql.Tx) error {
		if len(minutes) > 0 {
			if err := rollUpSamples(ctx, tx, minutes); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE rollups SET position = GREATEST(position, ?), until = NOW(6) + INTERVAL ? SECOND WHERE id = 1",
			position, seconds(RollupTerm))
		return err
	})
	return named("roll up samples", err)
}

// asKeeper works in a transaction that has the rollups' lock. With READ COMMITTED the statements after the lock see
// everything that was there when it was had.
func (s *Store) asKeeper(ctx context.Context, owner string, work func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	var keeper string
	if err := tx.QueryRowContext(ctx, "SELECT owner FROM rollups WHERE id = 1 FOR UPDATE").Scan(&keeper); err != nil {
		return err
	}
	if keeper != owner {
		return ErrNotKeeper
	}
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func rollUpSamples(ctx context.Context, tx *sql.Tx, minutes []HostMinute) error {
	computed, err := computeMinutes(ctx, tx, minutes)
	if err != nil {
		return err
	}
	if err := replaceRollups(ctx, tx, "samples_by_minute", computed); err != nil {
		return err
	}
	hours, err := computeHours(ctx, tx, minutes)
	if err != nil {
		return err
	}
	return replaceRollups(ctx, tx, "samples_by_hour", hours)
}

// computeMinutes reads the rows in order of the index, so that only the sums of one minute are open at a time.
func computeMinutes(ctx context.Context, tx *sql.Tx, minutes []HostMinute) ([]rollup, error) {
	where, args := during(minutes, time.Minute, time.Minute-time.Millisecond)
	// Prepared, because rows of a prepared statement come in binary: for thousands of them, that is cheaper on both sides.
	statement, err := tx.PrepareContext(ctx, selectVitals+" WHERE "+where+" ORDER BY host, hora, id")
	if err != nil {
		return nil, err
	}
	defer func() { _ = statement.Close() }()
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var computed []rollup
	minute := newMinute()
	var last HostMinute
	for rows.Next() {
		var v vitals
		if err := v.scan(rows); err != nil {
			return nil, err
		}
		if at := (HostMinute{v.host, v.hora.Truncate(time.Minute)}); at != last {
			computed, last = minute.finish(computed), at
		}
		minute.add(&v)
	}
	return minute.finish(computed), errors.Join(rows.Err(), rows.Close())
}

// computeHours adds up the stored minutes of the hours in which these minutes lie.
func computeHours(ctx context.Context, tx *sql.Tx, minutes []HostMinute) ([]rollup, error) {
	var hours []HostMinute
	for _, m := range minutes {
		hour := HostMinute{m.Host, m.Hora.Truncate(time.Hour)}
		if len(hours) == 0 || hour != hours[len(hours)-1] {
			hours = append(hours, hour)
		}
	}
	where, args := during(hours, time.Hour, time.Hour-time.Minute)
	rows, err := tx.QueryContext(ctx, "SELECT "+rollupColumns+" FROM samples_by_minute WHERE "+where+" ORDER BY host, hora", args...) //nolint:gosec // placeholders only
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var computed []rollup
	for rows.Next() {
		var r rollup
		if err := rows.Scan(r.fields()...); err != nil {
			return nil, err
		}
		r.hora = r.hora.Truncate(time.Hour)
		if last := len(computed) - 1; last >= 0 && computed[last].host == r.host && computed[last].hora.Equal(r.hora) {
			computed[last].merge(&r)
			continue
		}
		computed = append(computed, r)
	}
	return computed, errors.Join(rows.Err(), rows.Close())
}

// during is the condition that `hora` lies in one of these periods of this length, neighbours being one range. Its
// ends are included, last being the last moment of a period: the first one after the year 9999 is no date.
func during(periods []HostMinute, length, last time.Duration) (where string, args []any) {
	var ranges []string
	for i, p := range periods {
		if i > 0 && p.Host == periods[i-1].Host && p.Hora.Equal(periods[i-1].Hora.Add(length)) {
			args[len(args)-1] = p.Hora.Add(last)
			continue
		}
		ranges = append(ranges, "host = ? AND hora BETWEEN ? AND ?")
		args = append(args, p.Host, p.Hora, p.Hora.Add(last))
	}
	return "(" + strings.Join(ranges, " OR ") + ")", args
}

// named says what failed, where something did.
func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
