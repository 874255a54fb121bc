// Package rollup keeps the rollups by minute and hour, and retires what is past its retention.
//
// One process at a time does it, in a turn that it takes in the database and renews. It reads the rows as the stream
// does, with a cursor that misses none, and has the minutes in which they lie computed anew from all of their rows: that
// may be done twice, or by two, and comes to the same. So nothing is remembered but the id up to which everything is
// done. After an error, and when another one takes over, the work begins again behind that id.
//
// A keeper does one thing at a time, on one connection, and rests as long as it has worked.
package rollup

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
)

const (
	renewal     = store.RollupTerm / 3 // between looks at whose turn it is
	idle        = 5 * time.Second      // between looks for what is new, when there is no more: each reads the whole minute again
	sweepPause  = time.Minute          // between sweeps
	backOff     = 5 * time.Second      // after the first failure of a job; after others as many times longer, up to
	maxBackOff  = 30 * time.Second
	slow        = time.Second // what takes longer is followed by slowRest times as long a rest
	slowRest    = 4
	stepTimeout = 2 * time.Minute // a minute may have millions of rows; every answer of the server has a limit of its own
	leaveWithin = time.Second
)

// Keeper keeps the rollups of a database. It belongs to the goroutine that runs it.
type Keeper struct {
	db    *store.Store
	owner string
	log   *slog.Logger

	mine    bool // it is our turn
	turn    job
	work    []*job    // only done in our turn, and
	rested  time.Time // not before this
	samples *samples
	routes  *routes
}

// job is one of the things that are done again and again.
type job struct {
	name  string
	step  func(context.Context) (more bool, err error)
	pause time.Duration // after a step that left nothing to do
	due   time.Time
	fails int // in a row
}

// New is a keeper that has not begun. No two processes have the same owner, which is at most 64 bytes of ASCII.
func New(db *store.Store, keep store.Retention, owner string, log *slog.Logger) *Keeper {
	k := &Keeper{db: db, owner: owner, log: log}
	k.samples = &samples{db: db, owner: owner, log: log, size: firstSize}
	k.routes = &routes{db: db, owner: owner}
	retention := &retention{sweep: db.Sweep(keep), log: log}
	k.turn = job{name: "turn", step: k.take, pause: renewal}
	k.work = []*job{
		{name: "samples", step: k.samples.step, pause: idle},
		{name: "routes", step: k.routes.step, pause: idle},
		{name: "retention", step: retention.step, pause: sweepPause},
	}
	return k
}

// Run keeps the rollups until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			k.leave(ctx)
			return
		case <-timer.C:
		}
		next, at := k.next()
		if wait := time.Until(at); wait > 0 {
			timer.Reset(wait)
			continue
		}
		k.do(ctx, next)
		timer.Reset(0)
	}
}

// next is the job that comes next, and when.
func (k *Keeper) next() (next *job, at time.Time) {
	if k.mine {
		next = slices.MinFunc(k.work, func(a, b *job) int { return a.due.Compare(b.due) })
		if at = next.due; at.Before(k.rested) {
			at = k.rested
		}
	}
	if next == nil || k.turn.due.Before(at) {
		return &k.turn, k.turn.due
	}
	return next, at
}

// do takes one step of a job.
func (k *Keeper) do(ctx context.Context, j *job) {
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	more, err := j.step(limited)
	if ctx.Err() != nil {
		return
	}
	if errors.Is(err, store.ErrNotKeeper) {
		k.change(false)
		err = nil
	}
	k.note(j, err)
	now := time.Now()
	rest := now.Sub(began)
	if rest > slow {
		rest *= slowRest
	}
	if end := now.Add(rest); end.After(k.rested) { // a turn renewed in the middle of a rest does not end it
		k.rested = end
	}
	switch {
	case err != nil:
		j.due = now.Add(min(time.Duration(j.fails)*backOff, maxBackOff))
	case more:
		j.due = now
	default:
		j.due = now.Add(j.pause)
	}
}

// note keeps count of a job's failures, and writes a line when it begins to fail and when that ends.
func (k *Keeper) note(j *job, err error) {
	switch {
	case err != nil:
		if j.fails++; j.fails == 1 {
			k.log.Warn("rollups_failing", "job", j.name, "error", err)
		}
	case j.fails > 0:
		k.log.Info("rollups_recovered", "job", j.name, "failures", j.fails)
		j.fails = 0
	}
}

// take takes or renews the turn.
func (k *Keeper) take(ctx context.Context) (more bool, err error) {
	mine, err := k.db.KeepRollups(ctx, k.owner)
	if err == nil {
		k.change(mine)
	}
	return false, err
}

// change notes whose turn it is. Whoever had it meanwhile may have done what we remember as open.
func (k *Keeper) change(mine bool) {
	if mine == k.mine {
		return
	}
	k.mine = mine
	k.samples.forget()
	k.routes.forget()
	if mine {
		k.log.Info("rollups_turn_taken", "owner", k.owner)
	} else {
		k.log.Warn("rollups_turn_lost", "owner", k.owner)
	}
}

// leave lets another keeper begin at once; without it, it begins when the turn ends.
func (k *Keeper) leave(ctx context.Context) {
	if !k.mine {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	if err := k.db.LeaveRollups(ctx, k.owner); err != nil {
		k.log.Warn("rollups_turn_not_left", "error", err)
	}
}
