package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
)

// MaxRollupRoutes is how many minutes one call of RollUpRoutes takes.
const MaxRollupRoutes = 60

// routesWindow bounds what one look at what has changed sees: it answers about as many minutes.
const routesWindow = 10 * time.Minute

// ChangedMinutes are the minutes in which seconds of routes have changed since some time.
type ChangedMinutes struct {
	Minutes map[time.Time]string // of `recibido`, each with a sign that is another after another change
	Until   time.Time            // the newest change that was looked at
	More    bool                 // there are others after it
}

// ChangedRouteMinutes looks at the seconds of the routes that have changed since, or in the TransactionLimit before: a change
// is seen later than its time by as much.
func (s *Store) ChangedRouteMinutes(ctx context.Context, since time.Time) (ChangedMinutes, error) {
	var first, last sql.NullTime
	err := s.db.QueryRowContext(ctx, "SELECT MIN(guardado), MAX(guardado) FROM route_stats WHERE guardado > ?", since).Scan(&first, &last)
	if err != nil {
		return ChangedMinutes{}, named("look for changes of the routes", err)
	}
	end := since.Add(routesWindow)
	if first.Valid {
		end = first.Time.Add(routesWindow)
	}
	changes := ChangedMinutes{Minutes: map[time.Time]string{}, Until: since, More: last.Valid && !last.Time.Before(end)}
	rows, err := s.db.QueryContext(ctx, `SELECT DATE_FORMAT(recibido, '%Y-%m-%d %H:%i') AS begins, COUNT(*),
		SUM(TIMESTAMPDIFF(MICROSECOND, '2020-01-01', guardado)), MAX(guardado)
		FROM route_stats WHERE guardado >= ? AND guardado < ? GROUP BY begins`, since.Add(-TransactionLimit), end)
	if err != nil {
		return ChangedMinutes{}, named("look for changes of the routes", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var minute, count, sum string
		var newest time.Time
		if err := rows.Scan(&minute, &count, &sum, &newest); err != nil {
			return ChangedMinutes{}, named("look for changes of the routes", err)
		}
		at, err := time.Parse("2006-01-02 15:04", minute)
		if err != nil {
			return ChangedMinutes{}, named("look for changes of the routes", err)
		}
		changes.Minutes[at] = count + " " + sum
		if newest.After(changes.Until) {
			changes.Until = newest
		}
	}
	return changes, named("look for changes of the routes", errors.Join(rows.Err(), rows.Close()))
}

// RollUpRoutes computes minutes of `recibido` anew from the seconds of the routes, then their hours and days, and
// notes that all changes up to until are in them. The minutes are at most MaxRollupRoutes, different, in order of time.
// Where seconds were retired, what is stored stays unless there are at least as many requests now. After an error, all or
// nothing of it was done.
func (s *Store) RollUpRoutes(ctx context.Context, owner string, minutes []time.Time, until time.Time) error {
	if len(minutes) > MaxRollupRoutes {
		return fmt.Errorf("roll up routes: %d minutes at once: at most %d", len(minutes), MaxRollupRoutes)
	}
	err := s.asKeeper(ctx, owner, func(tx *sql.Tx) error {
		if err := rollUpRoutes(ctx, tx, minutes); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE rollups SET routes = GREATEST(routes, ?), until = NOW(6) + INTERVAL ? SECOND WHERE id = 1",
			until, seconds(RollupTerm))
		return err
	})
	return named("roll up routes", err)
}

func rollUpRoutes(ctx context.Context, tx *sql.Tx, minutes []time.Time) error {
	if len(minutes) == 0 {
		return nil
	}
	const day = 24 * time.Hour
	hours := wholes(minutes, time.Hour)
	if err := sumRoutes(ctx, tx, "routes_by_minute", "route_stats", minutes, time.Minute, time.Second); err != nil {
		return err
	}
	if err := sumRoutes(ctx, tx, "routes_by_hour", "routes_by_minute", hours, time.Hour, time.Minute); err != nil {
		return err
	}
	return sumRoutes(ctx, tx, "routes_by_day", "routes_by_hour", wholes(hours, day), day, time.Hour)
}

// wholes are the periods of this length in which these times lie, which are in order.
func wholes(times []time.Time, length time.Duration) []time.Time {
	periods := make([]time.Time, len(times))
	for i, t := range times {
		periods[i] = t.Truncate(length)
	}
	return slices.Compact(periods)
}

// routeRollup is a row of a routes_by_ table, or of route_stats without its instance.
type routeRollup struct {
	recibido               time.Time
	api, writer            string
	requests, rows, errors int64
	latency                latency.Histogram
}

const routeRollupColumns = "recibido, api, writer, requests, stored_rows, errors, latency"

// sumRoutes adds up, for each of these periods of this length and each route, what the source has in steps.
func sumRoutes(ctx context.Context, tx *sql.Tx, table, source string, periods []time.Time, length, step time.Duration) error {
	args := make([]any, 0, 2*len(periods))
	for _, p := range periods {
		args = append(args, p, p.Add(length-step))
	}
	where := strings.Repeat(" OR recibido BETWEEN ? AND ?", len(periods))[len(" OR "):]
	rows, err := tx.QueryContext(ctx, "SELECT "+routeRollupColumns+" FROM "+source+" WHERE "+where+" ORDER BY recibido, api", args...) //nolint:gosec // placeholders only
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	type route struct {
		recibido time.Time
		api      string
	}
	var sums []*routeRollup
	known := map[route]*routeRollup{}
	for rows.Next() {
		var r routeRollup
		if err := r.scan(rows); err != nil {
			return err
		}
		r.recibido = r.recibido.Truncate(length)
		of := route{r.recibido, r.api}
		if known[of] == nil {
			known[of] = &r
			sums = append(sums, &r)
			continue
		}
		known[of].merge(&r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	return replaceRoutes(ctx, tx, table, sums)
}

func (r *routeRollup) scan(rows *sql.Rows) error {
	var histogram []byte
	if err := rows.Scan(&r.recibido, &r.api, &r.writer, &r.requests, &r.rows, &r.errors, &histogram); err != nil {
		return err
	}
	if err := json.Unmarshal(histogram, &r.latency); err != nil {
		return fmt.Errorf("%s at %s: %w", r.api, r.recibido.Format(time.DateTime), err)
	}
	return nil
}

// merge adds what happened later.
func (r *routeRollup) merge(later *routeRollup) {
	r.writer = later.writer
	r.requests += later.requests
	r.rows += later.rows
	r.errors += later.errors
	r.latency.Merge(&later.latency)
}

// replaceRoutes stores rollups, but for those that would replace one with more requests.
func replaceRoutes(ctx context.Context, tx *sql.Tx, table string, rollups []*routeRollup) error {
	if len(rollups) == 0 {
		return nil
	}
	args := make([]any, 0, 7*len(rollups))
	for _, r := range rollups {
		histogram, err := json.Marshal(r.latency)
		if err != nil {
			return err
		}
		args = append(args, r.recibido, r.api, r.writer, r.requests, r.rows, r.errors, string(histogram)) // MySQL takes no binary string for JSON
	}
	_, err := tx.ExecContext(ctx, replaceUnlessFewer(table, routeRollupColumns, "requests", 2, len(rollups)), args...)
	return err
}
