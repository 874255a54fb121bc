package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
)

// RouteTotal is what all instances of one route did in some time.
type RouteTotal struct {
	API      string // the route
	Writer   string // how it wrote last: direct or batch
	Requests int64  // answered, errors included
	Rows     int64  // stored
	Errors   int64  // answers of 500 and above
	Latency  latency.Histogram
}

// routeTable holds the statistics of the routes in stretches of one length.
type routeTable struct {
	name string
	unit time.Duration
}

// routeTables are ordered from coarse to fine.
var routeTables = []routeTable{{"routes_by_day", 24 * time.Hour}, {"routes_by_hour", time.Hour}, {"routes_by_minute", time.Minute}, {"route_stats", time.Second}}

// RoutesBetween adds up what the routes did at or after from and before to, moved out to whole seconds, by `recibido`;
// in order of route. Whole days, hours and minutes come from the rollups; with fresh, all comes from the seconds: they are not
// behind, but many.
func (s *Store) RoutesBetween(ctx context.Context, from, to time.Time, fresh bool) ([]RouteTotal, error) {
	tables := routeTables
	if fresh {
		tables = tables[len(tables)-1:]
	}
	parts := routeParts(from.Truncate(time.Second), roundUp(to, time.Second), tables)
	if len(parts) == 0 {
		return nil, nil
	}
	totals, err := s.routeTotals(ctx, parts)
	if err != nil {
		return nil, fmt.Errorf("add up route statistics: %w", err)
	}
	return totals, nil
}

// routePart is a time, and the table that it is read from.
type routePart struct {
	table    string
	from, to time.Time
}

// routeParts takes as much as it can from the first of the tables, and what is left at both ends from the others.
func routeParts(from, to time.Time, tables []routeTable) []routePart {
	if !from.Before(to) || len(tables) == 0 {
		return nil
	}
	first, last := roundUp(from, tables[0].unit), to.Truncate(tables[0].unit)
	if !first.Before(last) {
		return routeParts(from, to, tables[1:])
	}
	parts := append(routeParts(from, first, tables[1:]), routePart{tables[0].name, first, last})
	return append(parts, routeParts(last, to, tables[1:])...)
}

// roundUp is the first multiple of unit that is not before t.
func roundUp(t time.Time, unit time.Duration) time.Time {
	return t.Add(unit - time.Nanosecond).Truncate(unit)
}

// dated is an end that the database has a date for: what was rounded up may lie behind the calendar.
func dated(end time.Time) time.Time {
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	if end.After(last) {
		return last
	}
	return end
}

func (s *Store) routeTotals(ctx context.Context, parts []routePart) ([]RouteTotal, error) {
	var queries []string
	var args []any
	for _, p := range parts {
		queries = append(queries, "SELECT recibido, api, writer, requests, stored_rows, errors, latency FROM "+p.table+" WHERE recibido >= ? AND recibido < ?")
		args = append(args, p.from, dated(p.to))
	}
	rows, err := s.db.QueryContext(ctx, strings.Join(queries, " UNION ALL "), args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	totals, newest := map[string]*RouteTotal{}, map[string]time.Time{}
	for rows.Next() {
		var at time.Time
		var r RouteTotal
		var histogram sql.RawBytes // read before the next row; there are thousands
		if err := rows.Scan(&at, &r.API, &r.Writer, &r.Requests, &r.Rows, &r.Errors, &histogram); err != nil {
			return nil, err
		}
		if err := r.Latency.UnmarshalJSON(histogram); err != nil {
			return nil, fmt.Errorf("%s at %s: %w", r.API, at.Format(time.DateTime), err)
		}
		total := totals[r.API]
		if total == nil {
			total = &RouteTotal{API: r.API}
			totals[r.API] = total
		}
		total.Requests += r.Requests
		total.Rows += r.Rows
		total.Errors += r.Errors
		total.Latency.Merge(&r.Latency)
		if !at.Before(newest[r.API]) {
			newest[r.API], total.Writer = at, r.Writer
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	sorted := make([]RouteTotal, 0, len(totals))
	for _, api := range slices.Sorted(maps.Keys(totals)) {
		sorted = append(sorted, *totals[api])
	}
	return sorted, nil
}
