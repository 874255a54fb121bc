package work

import (
	"context"
	"time"
)

// turns is as many turns as are free, each with the time since when it is. Who waits for one gets it in order, as the
// runtime serves blocked receivers one after the other, and nobody who comes later before them.
//
// A turn begins when it is free and wanted, and not when somebody has woken up to take it. A busy machine wakes a thread
// some milliseconds late, twice in each turn, and these would add up: the waits make up for them, so that k turns of t
// seconds are k/t a second there, too.
type turns chan time.Time

func newTurns(n int) turns {
	t := make(turns, n)
	for range n {
		t <- time.Time{}
	}
	return t
}

// take waits for a turn, or until ctx ends, and returns when it began.
func (t turns) take(ctx context.Context, wanted time.Time) (began time.Time, err error) {
	select {
	case free := <-t:
		return later(wanted, free), nil
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	}
}

// give gives a turn back that has ended.
func (t turns) give(ended time.Time) { t <- ended }

// wait waits until that much time has passed since it began, or until ctx ends, and returns when it was over. It makes up
// for no more than itself.
func wait(ctx context.Context, began time.Time, d time.Duration) (over time.Time, err error) {
	if d == 0 {
		return began, nil
	}
	now := time.Now()
	over = later(began.Add(d), now)
	timer := time.NewTimer(over.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return over, nil
	case <-ctx.Done():
		return time.Now(), context.Cause(ctx)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
