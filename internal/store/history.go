package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// States are the process states, by their names in the columns of the rollups; they are reported in this order.
var States = [...]string{"corriendo", "durmiendo", "zombie", "parados"}

// Rollup is a table of what the samples of one host were in each stretch of `hora`.
type Rollup string

// The rollups.
const (
	ByMinute Rollup = "samples_by_minute"
	ByHour   Rollup = "samples_by_hour"
)

// Steps is a time of one host on `hora`, cut in steps. Times and Step are in milliseconds, since 1970 or long; those of a
// rollup's are multiples of its stretch. A step begins at each multiple of Step.
type Steps struct {
	Host           string // as in its samples, empty for those without one
	From, To, Step int64  // To is not included
}

// Spread is what a number was among some samples. Averages come from Sum.
type Spread struct{ Min, Sum, Max float64 }

// Stretch is the samples of one step.
type Stretch struct {
	Begins   int64 // milliseconds since 1970
	Samples  int64 // different ones
	CPU, RAM Spread
	States   [len(States)]Spread
}

// Seen is a number at a moment.
type Seen struct {
	Hora  time.Time
	Value int64
}

// Past is what one host was in some time.
type Past struct {
	Stretches []Stretch         // those that hold samples, in order of time
	NonZero   [len(States)]Seen // the newest number that was not zero, the largest of that moment; the zero value where there was none
}

// ErrTooManyRows says that there are more rows than were to be read.
var ErrTooManyRows = errors.New("too many rows")

// ofHost is the condition whose arguments are those of between.
const ofHost = " WHERE host = ? AND hora >= ? AND hora < ?"

// alongHora names the index that is made for a host's time.
const alongHora = "FORCE INDEX (samples_host_hora)"

func (s Steps) between() []any {
	return []any{s.Host, time.UnixMilli(s.From).UTC(), time.UnixMilli(s.To).UTC()}
}

// Oldest is the first `hora` that a table has of a host, the rows themselves where rollup is empty; false where it has none.
func (s *Store) Oldest(ctx context.Context, rollup Rollup, host string) (time.Time, bool, error) {
	var oldest sql.NullTime
	table := cmp.Or(string(rollup), "samples")
	if err := s.db.QueryRowContext(ctx, "SELECT MIN(hora) FROM "+table+" WHERE host = ?", host).Scan(&oldest); err != nil {
		return time.Time{}, false, fmt.Errorf("find the oldest of %s: %w", table, err)
	}
	return oldest.Time, oldest.Valid, nil
}

// StoredRows is how many rows the minutes of a time hold, by the rollup: for a time of a few hours.
func (s *Store) StoredRows(ctx context.Context, steps Steps) (int64, error) {
	steps.From -= steps.From % time.Minute.Milliseconds()
	var rows int64
	query := "SELECT COALESCE(SUM(stored_rows), 0) FROM " + string(ByMinute) + ofHost
	if err := s.db.QueryRowContext(ctx, query, steps.between()...).Scan(&rows); err != nil {
		return 0, fmt.Errorf("count the rows of a time: %w", err)
	}
	return rows, nil
}

// PastOfSamples reads the past from the samples themselves, and gives up with ErrTooManyRows when there are more than
// limit rows. The same sample counts once, as the first row that brought it.
func (s *Store) PastOfSamples(ctx context.Context, steps Steps, limit int) (Past, error) {
	past, err := s.pastOfSamples(ctx, steps, limit)
	if err != nil {
		return Past{}, fmt.Errorf("read a host's samples: %w", err)
	}
	return past, nil
}

func (s *Store) pastOfSamples(ctx context.Context, steps Steps, limit int) (Past, error) {
	// Prepared, because rows of a prepared statement come in binary: for thousands of them, that is cheaper on both sides.
	statement, err := s.db.PrepareContext(ctx, selectVitals+ofHost+" ORDER BY hora, id LIMIT ?")
	if err != nil {
		return Past{}, err
	}
	defer func() { _ = statement.Close() }()
	rows, err := statement.QueryContext(ctx, append(steps.between(), limit+1)...)
	if err != nil {
		return Past{}, err
	}
	defer func() { _ = rows.Close() }()
	var past Past
	known := map[int64]bool{}
	for n := 0; rows.Next(); n++ {
		if n == limit {
			return Past{}, ErrTooManyRows
		}
		var v vitals
		if err := v.scan(rows); err != nil {
			return Past{}, err
		}
		if v.host != "" && v.secuencia.Valid {
			if known[v.secuencia.Int64] {
				continue
			}
			known[v.secuencia.Int64] = true
		}
		past.add(&v, steps.Step)
	}
	return past, errors.Join(rows.Err(), rows.Close())
}

// add counts a sample whose hora is not before that of the one before.
func (p *Past) add(v *vitals, step int64) {
	begins := v.hora.UnixMilli()
	begins -= begins % step
	if n := len(p.Stretches); n == 0 || p.Stretches[n-1].Begins != begins {
		p.Stretches = append(p.Stretches, Stretch{Begins: begins})
	}
	s := &p.Stretches[len(p.Stretches)-1]
	first := s.Samples == 0
	s.Samples++
	s.CPU.add(v.cpu, first)
	s.RAM.add(v.ram, first)
	for i, n := range v.states {
		s.States[i].add(float64(n), first)
		if newest := p.NonZero[i]; n != 0 && (v.hora.After(newest.Hora) || n > newest.Value) {
			p.NonZero[i] = Seen{v.hora, n}
		}
	}
}

func spreadOf(n float64) Spread { return Spread{n, n, n} }

// Merge adds what other was.
func (s *Spread) Merge(other Spread) {
	s.Min, s.Sum, s.Max = min(s.Min, other.Min), s.Sum+other.Sum, max(s.Max, other.Max)
}

func (s *Spread) add(n float64, first bool) {
	if first {
		*s = spreadOf(n)
		return
	}
	s.Merge(spreadOf(n))
}

// PastOfRollup reads the past from a rollup.
func (s *Store) PastOfRollup(ctx context.Context, rollup Rollup, steps Steps) (Past, error) {
	var past Past
	var err error
	if past.Stretches, err = s.stretches(ctx, rollup, steps); err == nil && len(past.Stretches) > 0 {
		past.NonZero, err = s.nonZero(ctx, rollup, steps)
	}
	if err != nil {
		return Past{}, fmt.Errorf("read %s: %w", rollup, err)
	}
	return past, nil
}

// spreadColumns are those of all numbers, in the order of Stretch.
var spreadColumns = func() string {
	var columns strings.Builder
	for _, name := range append([]string{"cpu", "ram"}, States[:]...) {
		_, _ = fmt.Fprintf(&columns, ", MIN(%[1]s_min), SUM(%[1]s_sum), MAX(%[1]s_max)", name)
	}
	return columns.String()
}()

// stretches lets the database merge what lies in one step: few rows come instead of many thousands.
func (s *Store) stretches(ctx context.Context, rollup Rollup, steps Steps) ([]Stretch, error) {
	query := "SELECT TIMESTAMPDIFF(SECOND, '1970-01-01', hora) DIV ? AS step, SUM(samples)" + spreadColumns + //nolint:gosec // names of our own
		" FROM " + string(rollup) + ofHost + " GROUP BY step ORDER BY step"
	rows, err := s.db.QueryContext(ctx, query, append([]any{steps.Step / 1000}, steps.between()...)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []Stretch
	for rows.Next() {
		var r Stretch
		into := append([]any{&r.Begins, &r.Samples}, r.CPU.parts()...)
		into = append(into, r.RAM.parts()...)
		for i := range r.States {
			into = append(into, r.States[i].parts()...)
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		r.Begins *= steps.Step
		all = append(all, r)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}

func (s *Spread) parts() []any { return []any{&s.Min, &s.Sum, &s.Max} }

// nonZero finds the newest numbers that were not zero; each search goes back from the end until it meets one.
func (s *Store) nonZero(ctx context.Context, rollup Rollup, steps Steps) (seen [len(States)]Seen, err error) {
	var args []any
	searches := make([]string, len(States))
	for i, name := range States {
		searches[i] = fmt.Sprintf("(SELECT %[1]d, %[2]s_hora, %[2]s_last FROM %[3]s%[4]s AND %[2]s_last IS NOT NULL ORDER BY hora DESC LIMIT 1)",
			i, name, rollup, ofHost)
		args = append(args, steps.between()...)
	}
	rows, err := s.db.QueryContext(ctx, strings.Join(searches, " UNION ALL "), args...)
	if err != nil {
		return seen, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var at int
		var found Seen
		if err := rows.Scan(&at, &found.Hora, &found.Value); err != nil {
			return seen, err
		}
		seen[at] = found
	}
	return seen, errors.Join(rows.Err(), rows.Close())
}
