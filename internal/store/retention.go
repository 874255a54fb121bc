package store

import (
	"context"
	"errors"
	"time"
)

// sweepRows bounds one statement of a Sweep, so that it holds nobody up.
const sweepRows = 1000

// Retention is how long rows are kept, by the database's clock. Each is positive, and cut to whole seconds.
type Retention struct {
	Rows    time.Duration // samples, requests and route_stats, from when they were stored
	Minutes time.Duration // rollups by minute, from their last change
	Hours   time.Duration // rollups by hour and day
}

// Sweep deletes what is past its retention, table by table, a little in each step. It belongs to one goroutine.
type Sweep struct {
	store  *Store
	tables []retired
	table  int   // the next one
	past   int64 // no sample up to this id is left: the server would step over each that it has not purged yet
}

// retired is a table that rows are retired from.
type retired struct {
	name   string
	clock  string // the column with a row's age
	keep   time.Duration
	retire func(context.Context, retired) (int64, error)
}

// Sweep is a sweep that has not begun.
func (s *Store) Sweep(keep Retention) *Sweep {
	w := &Sweep{store: s}
	w.tables = []retired{
		{"samples", "guardado", keep.Rows, w.samples},
		{"route_stats", "guardado", keep.Rows, w.routeSeconds},
		{"requests", "recibido", keep.Rows, w.oldest},
		{"samples_by_minute", "guardado", keep.Minutes, w.oldest},
		{"samples_by_hour", "guardado", keep.Hours, w.oldest},
		{"routes_by_minute", "recibido", keep.Minutes, w.oldest},
		{"routes_by_hour", "recibido", keep.Hours, w.oldest},
		{"routes_by_day", "recibido", keep.Hours, w.oldest},
	}
	return w
}

// Next deletes at most sweepRows rows of one table, the oldest ones, and says of which and how many. After the last table
// more is false: a further step begins the sweep anew.
func (w *Sweep) Next(ctx context.Context) (table string, rows int64, more bool, err error) {
	t := w.tables[w.table]
	rows, err = t.retire(ctx, t)
	if err != nil {
		return t.name, 0, false, named("retire rows of "+t.name, err)
	}
	if rows < sweepRows {
		w.table = (w.table + 1) % len(w.tables)
	}
	return t.name, rows, rows == sweepRows || w.table > 0, nil
}

// oldest finds the rows by an index on their clock.
func (w *Sweep) oldest(ctx context.Context, t retired) (int64, error) {
	return w.delete(ctx, "DELETE FROM "+t.name+" WHERE "+t.clock+" < NOW(6) - INTERVAL ? SECOND ORDER BY "+t.clock+" LIMIT ?",
		seconds(t.keep), sweepRows)
}

// routeSeconds keeps what is not in the rollups yet, and what ChangedRouteMinutes may still look at.
func (w *Sweep) routeSeconds(ctx context.Context, t retired) (int64, error) {
	rolled, err := w.store.Rollups(ctx)
	if err != nil {
		return 0, err
	}
	return w.delete(ctx, "DELETE FROM route_stats WHERE guardado < NOW(6) - INTERVAL ? SECOND AND guardado < ? ORDER BY guardado LIMIT ?",
		seconds(t.keep), rolled.Routes.Add(-TransactionLimit), sweepRows)
}

// samples deletes from the lowest id up to the first row that is to stay, for one clock in the middle of the table must not
// make it be searched as a whole. What is not in the rollups yet stays.
func (w *Sweep) samples(ctx context.Context, t retired) (int64, error) {
	rows, err := w.store.db.QueryContext(ctx, `SELECT id, guardado < NOW(6) - INTERVAL ? SECOND FROM samples
		WHERE id > ? AND id <= (SELECT position FROM rollups WHERE id = 1) ORDER BY id LIMIT ?`, seconds(t.keep), w.past, sweepRows)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	last := w.past
	for due := true; due && rows.Next(); {
		var id int64
		if err := rows.Scan(&id, &due); err != nil {
			return 0, err
		}
		if due {
			last = id
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || last == w.past {
		return 0, err
	}
	// Their age is asked again, because an id between them may have been given to a row meanwhile.
	deleted, err := w.delete(ctx, "DELETE FROM samples WHERE id > ? AND id <= ? AND guardado < NOW(6) - INTERVAL ? SECOND", w.past, last, seconds(t.keep))
	if err == nil {
		w.past = last
	}
	return deleted, err
}

func (w *Sweep) delete(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := w.store.db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
