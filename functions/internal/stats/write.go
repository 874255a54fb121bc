package stats

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
)

const (
	interval     = time.Second
	writeTimeout = 5 * time.Second
	lastTimeout  = 2 * time.Second
)

// Database is where the seconds go; *store.Store is one. A second that is written again is replaced.
type Database interface {
	WriteRouteSeconds(ctx context.Context, seconds []store.RouteSecond) error
}

// Run writes the seconds that changed, every second and once more, in at most two seconds, when ctx ends. End it when
// the last request is answered. While the database is away the last ten minutes are kept.
func (r *Recorder) Run(ctx context.Context, db Database, log *slog.Logger) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	away := false
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			if err := r.write(ctx, db, writeTimeout); ctx.Err() == nil {
				r.report(log, away, err)
				away = err != nil
			}
		}
	}
	if err := r.write(context.WithoutCancel(ctx), db, lastTimeout); err != nil {
		log.Error("statistics_lost", "error", err)
		return
	}
	r.report(log, away, nil)
}

// report says what changed.
func (r *Recorder) report(log *slog.Logger, away bool, err error) {
	switch {
	case err != nil && !away:
		log.Error("statistics_not_written", "error", err)
	case err == nil && away:
		r.mu.Lock()
		lost := r.lost
		r.mu.Unlock()
		log.Info("statistics_written_again", "lost_seconds", lost)
	}
}

// write stores what changed since it was last stored.
func (r *Recorder) write(ctx context.Context, db Database, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	changed, rows := r.changed(r.now().Unix())
	if len(rows) == 0 {
		return nil
	}
	if err := db.WriteRouteSeconds(ctx, rows); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, s := range changed {
		s.written = rows[i].Requests
	}
	return nil
}

// changed returns the seconds to write, each with its row, in order of time. Before that it forgets those that are
// written and far from now.
func (r *Recorder) changed(now int64) ([]*second, []store.RouteSecond) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := make([]*second, 0, len(r.seconds))
	rows := make([]store.RouteSecond, 0, len(r.seconds)) // in one piece: requests wait for this lock
	for _, at := range slices.Sorted(maps.Keys(r.seconds)) {
		s := r.seconds[at]
		switch {
		case s.changed():
			changed = append(changed, s)
			rows = append(rows, r.row(at, s))
		case at < now-remember || at > now+remember:
			r.forgetLocked(at)
		}
	}
	return changed, rows
}

func (r *Recorder) row(at int64, s *second) store.RouteSecond {
	name := r.instance
	if s.life > 0 {
		name = fmt.Sprintf("%s~%d", name, s.life)
	}
	return store.RouteSecond{
		Second: time.Unix(at, 0).UTC(), API: r.api, Instance: name, Writer: r.writer,
		Requests: s.requests, Rows: s.rows, Errors: s.errors, Latency: s.latency,
	}
}
