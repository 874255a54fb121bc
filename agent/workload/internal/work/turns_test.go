package work

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A wait makes up for a turn that came late, as far as it can, and no turn begins before it is wanted.
func TestLateTurns(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		cost         Cost
		late, locked time.Duration // how long ago the turn began, and how long ago the lock was free
		want, ended  time.Duration // how long it takes, and when its turn ended
	}{
		"on time":            {Cost{Hold: 40 * ms}, 0, time.Hour, 40 * ms, 40 * ms},
		"late":               {Cost{Hold: 40 * ms}, 15 * ms, time.Hour, 25 * ms, 25 * ms},
		"too late":           {Cost{Hold: 40 * ms}, time.Hour, time.Hour, 0, 0},
		"lock on time":       {Cost{Lock: 25 * ms}, 0, time.Hour, 25 * ms, 25 * ms},
		"both late":          {Cost{Lock: 25 * ms}, 7 * ms, 5 * ms, 20 * ms, 20 * ms},
		"lock after holding": {Cost{Hold: 40 * ms, Lock: 25 * ms}, 10 * ms, 5 * ms, 55 * ms, 55 * ms},
		"nothing to wait":    {Cost{}, 10 * ms, time.Hour, 0, -10 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				work := New(c.cost)
				begin := time.Now()
				<-work.lock
				work.lock.give(begin.Add(-c.locked))
				ended, err := work.Do(t.Context(), begin.Add(-c.late))
				if took := time.Since(begin); err != nil || took != c.want || ended.Sub(begin) != c.ended {
					t.Errorf("took %s, ended at %s, %v; want %s and %s", took, ended.Sub(begin), err, c.want, c.ended)
				}
			})
		})
	}
}

// Who leaves in the middle of a turn ends it then.
func TestLeavingATurn(t *testing.T) {
	for name, cost := range map[string]Cost{"hold": {Hold: time.Hour}, "lock": {Lock: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				work := New(cost)
				ctx, leave := context.WithTimeout(t.Context(), time.Second)
				defer leave()
				ended, err := work.Do(ctx, time.Now())
				if !errors.Is(err, context.DeadlineExceeded) || !ended.Equal(time.Now()) {
					t.Errorf("it ended %s before now: %v", time.Since(ended), err)
				}
				if free := <-work.lock; free.After(time.Now()) {
					t.Errorf("the lock is free in %s", time.Until(free))
				}
			})
		})
	}
}
