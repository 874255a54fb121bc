package rollup

import (
	"context"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
)

// routes keeps the routes_by_ tables.
type routes struct {
	db    *store.Store
	owner string

	done  time.Time            // up to which changes are noted as done
	known map[time.Time]string // the minutes that are, as they were; nil until done is known
}

func (r *routes) forget() { r.known = nil }

// step computes the minutes in which seconds of routes have changed.
func (r *routes) step(ctx context.Context) (more bool, err error) {
	more, err = r.compute(ctx)
	if err != nil {
		r.forget()
	}
	return more, err
}

func (r *routes) compute(ctx context.Context) (more bool, err error) {
	if r.known == nil {
		now, err := r.db.Rollups(ctx)
		if err != nil {
			return false, err
		}
		r.done, r.known = now.Routes, map[time.Time]string{}
	}
	changes, err := r.db.ChangedRouteMinutes(ctx, r.done)
	if err != nil {
		return false, err
	}
	open := r.open(changes.Minutes)
	until := changes.Until
	if len(open) > store.MaxRollupRoutes {
		open, until = open[:store.MaxRollupRoutes], r.done
		more = true
	}
	if len(open) == 0 && until.Equal(r.done) {
		return false, nil
	}
	if err := r.db.RollUpRoutes(ctx, r.owner, open, until); err != nil {
		return false, err
	}
	for _, minute := range open {
		r.known[minute] = changes.Minutes[minute]
	}
	r.done = until
	return more || changes.More, nil
}

// open are the minutes that are not known as they are now, in order of time. Those that are no longer looked at are
// forgotten.
func (r *routes) open(now map[time.Time]string) []time.Time {
	for minute := range r.known {
		if _, seen := now[minute]; !seen {
			delete(r.known, minute)
		}
	}
	var open []time.Time
	for minute, sign := range now {
		if r.known[minute] != sign {
			open = append(open, minute)
		}
	}
	slices.SortFunc(open, time.Time.Compare)
	return open
}
