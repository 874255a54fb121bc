package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
)

// MaxRouteSeconds is how many seconds one call of WriteRouteSeconds takes; the statement stays under 3 MB.
const MaxRouteSeconds = 1000

// RouteSecond is what one instance of a route did with the requests that it received in one second. Those of several
// instances or seconds are added up, the latencies with Merge.
type RouteSecond struct {
	Second   time.Time // of `recibido`, whole, in UTC
	API      string    // the route, at most 32 bytes
	Instance string    // at most 64 bytes of ASCII; no two processes have the same
	Writer   string    // how the route writes: direct or batch
	Requests int       // answered, errors included
	Rows     int       // stored
	Errors   int       // answers that are the service's fault, 500 and above
	Latency  latency.Histogram
}

// RouteChange is a second together with the database's clock at its last change.
type RouteChange struct {
	RouteSecond
	Guardado time.Time
}

const routeSecondColumns = "SELECT recibido, api, instance, writer, requests, stored_rows, errors, latency, guardado FROM route_stats "

// WriteRouteSeconds stores at most MaxRouteSeconds, or none of them. A second that the same instance of the same route
// has stored before is replaced, so that it may be written again until it is complete, and after any error.
func (s *Store) WriteRouteSeconds(ctx context.Context, seconds []RouteSecond) error {
	if len(seconds) == 0 {
		return nil
	}
	if len(seconds) > MaxRouteSeconds {
		return fmt.Errorf("write route statistics: %d seconds at once: at most %d", len(seconds), MaxRouteSeconds)
	}
	const (
		columns = "recibido, api, instance, writer, requests, stored_rows, errors, latency"
		values  = "(?, ?, ?, ?, ?, ?, ?, ?)"
		replace = ` ON DUPLICATE KEY UPDATE writer = VALUES(writer), requests = VALUES(requests), stored_rows = VALUES(stored_rows),
			errors = VALUES(errors), latency = VALUES(latency)`
	)
	query := "INSERT INTO route_stats (" + columns + ") VALUES " + values + strings.Repeat(", "+values, len(seconds)-1) + replace //nolint:gosec // placeholders only
	args := make([]any, 0, 8*len(seconds))
	for _, r := range seconds {
		histogram, err := json.Marshal(r.Latency)
		if err != nil {
			return fmt.Errorf("write route statistics: %w", err)
		}
		// The histogram goes as text: MySQL takes no binary string for JSON.
		args = append(args, r.Second, r.API, r.Instance, r.Writer, r.Requests, r.Rows, r.Errors, string(histogram))
	}
	if _, err := s.db.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("write route statistics: %w", err)
	}
	return nil
}

// RouteChanges reads the seconds that were written or replaced at or after since, by the database's clock: at most limit,
// the newest first.
func (s *Store) RouteChanges(ctx context.Context, since time.Time, limit int) ([]RouteChange, error) {
	return s.routeChanges(ctx, routeSecondColumns+"WHERE guardado >= ? ORDER BY guardado DESC LIMIT ?", since, limit)
}

// NewestRouteChange is when a second of a route was last written, by the database's clock; the year 1970 when none was.
func (s *Store) NewestRouteChange(ctx context.Context) (time.Time, error) {
	var newest sql.NullTime
	if err := s.db.QueryRowContext(ctx, "SELECT MAX(guardado) FROM route_stats").Scan(&newest); err != nil {
		return time.Time{}, fmt.Errorf("read route statistics: %w", err)
	}
	if !newest.Valid {
		return time.Unix(0, 0).UTC(), nil
	}
	return newest.Time, nil
}

func (s *Store) routeChanges(ctx context.Context, query string, args ...any) ([]RouteChange, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read route statistics: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []RouteChange
	for rows.Next() {
		var r RouteChange
		var histogram []byte
		if err := rows.Scan(&r.Second, &r.API, &r.Instance, &r.Writer, &r.Requests, &r.Rows, &r.Errors, &histogram, &r.Guardado); err != nil {
			return nil, fmt.Errorf("read route statistics: %w", err)
		}
		if err := json.Unmarshal(histogram, &r.Latency); err != nil {
			return nil, fmt.Errorf("read route statistics of %s, %s at %s: %w", r.API, r.Instance, r.Second.Format(time.DateTime), err)
		}
		all = append(all, r)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("read route statistics: %w", err)
	}
	return all, nil
}
