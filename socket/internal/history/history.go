// Package history answers what a host was in the past, as buckets for a chart and as the rows themselves, so that no
// number of askers can hold the database up: few questions are read at a time, few wait, and all have a deadline.
package history

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	// maxRows is how many rows of samples one answer reads: an hour of ten a second, 50 ms of work.
	maxRows = 40_000
	// freshRoutes is the time, in milliseconds, up to which statistics of the routes come from the seconds.
	freshRoutes = 15 * minute
)

// Codes of a failure, as in docs/contract.md.
const (
	codeInvalid = "parametro_invalido"
	codeBusy    = "ocupado"
	codeAway    = "no_disponible"
)

// Service answers about the past. It uses at most maxReading connections to the database for histories and maxExports
// for exports.
type Service struct {
	db      *store.Store
	log     *slog.Logger
	now     func() time.Time
	desk    *desk
	failing atomic.Bool // the last read failed

	exports   chan struct{} // a place for each that runs
	pageWrite time.Duration // that a client may take to read a page of one
}

// New is a service on a database; now is the clock.
func New(db *store.Store, log *slog.Logger, now func() time.Time) *Service {
	s := &Service{db: db, log: log, now: now, exports: make(chan struct{}, maxExports), pageWrite: 10 * time.Second}
	s.desk = newDesk(s.read, now)
	return s
}

// Answer answers a query, or says why not. It returns early when ctx ends.
func (s *Service) Answer(ctx context.Context, q event.HistoryQuery) (event.History, *event.Failure) {
	p, err := newPlan(q)
	if err != nil {
		return event.History{}, &event.Failure{Code: codeInvalid, Message: err.Error()}
	}
	answer, err := s.desk.ask(ctx, p)
	switch {
	case errors.Is(err, errBusy):
		return event.History{}, &event.Failure{Code: codeBusy, Message: err.Error()}
	case err != nil:
		return event.History{}, &event.Failure{Code: codeAway, Message: "the database does not answer; try again later"}
	}
	answer.Now = sample.NewRecibido(s.now())
	return answer, nil
}

// read carries a plan out.
func (s *Service) read(ctx context.Context, asked plan) (event.History, error) {
	p, past, err := s.past(ctx, asked)
	if err != nil {
		return event.History{}, s.note(ctx, err)
	}
	fresh := p.resolution == event.ResolutionSample && p.steps.To-p.steps.From <= freshRoutes
	routes, err := s.db.RoutesBetween(ctx, time.UnixMilli(p.steps.From), time.UnixMilli(p.steps.To), fresh)
	if err != nil {
		return event.History{}, s.note(ctx, err)
	}
	return compose(p, past, routes), s.note(ctx, nil)
}

// note logs when the database begins to fail and when that is over, and not each failure between. A question that
// nobody waits for any more says nothing about the database.
func (s *Service) note(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	if failing := err != nil; s.failing.Swap(failing) != failing {
		if failing {
			s.log.Warn("history_failing", "error", err)
		} else {
			s.log.Info("history_answers_again")
		}
	}
	return err
}

// past reads from the finest resolution that can answer, and says with which plan. Where there is nothing at all, that is
// the plan that was asked for.
func (s *Service) past(ctx context.Context, asked plan) (plan, store.Past, error) {
	p := asked
	for {
		past, err := s.pastOf(ctx, p)
		tooMany := errors.Is(err, store.ErrTooManyRows)
		if err != nil && !tooMany || len(past.Stretches) > 0 {
			return p, past, err
		}
		coarser, ok := p.coarser()
		if !ok {
			return asked, past, nil
		}
		if tooMany {
			asked = coarser
		} else if retired, err := s.retired(ctx, p); err != nil || !retired {
			return p, past, err
		}
		p = coarser
	}
}

func (s *Service) pastOf(ctx context.Context, p plan) (store.Past, error) {
	if p.resolution != event.ResolutionSample {
		return s.db.PastOfRollup(ctx, p.rollup(), p.steps)
	}
	rows, err := s.db.StoredRows(ctx, p.steps) // tells cheaply where reading would be in vain
	if err == nil && rows > maxRows {
		err = store.ErrTooManyRows
	}
	if err != nil {
		return store.Past{}, err
	}
	return s.db.PastOfSamples(ctx, p.steps, maxRows)
}

// retired says whether rows of a plan's time are in coarser tables only: it ends before the first that the plan's own table
// still has of the host, and a coarser one has a stretch of before that.
func (s *Service) retired(ctx context.Context, p plan) (bool, error) {
	oldest, found, err := s.db.Oldest(ctx, p.rollup(), p.steps.Host)
	switch {
	case err != nil || !found:
		return err == nil, err
	case p.steps.To > oldest.UnixMilli():
		return false, nil
	}
	for coarser, ok := p.coarser(); ok; coarser, ok = coarser.coarser() {
		older, found, err := s.db.Oldest(ctx, coarser.rollup(), p.steps.Host)
		stretch := stretches[coarser.resolution]
		if err != nil || found && older.UnixMilli()/stretch < oldest.UnixMilli()/stretch {
			return err == nil, err
		}
	}
	return false, nil
}
