package history

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
)

const (
	maxReading = 2               // questions that are read at a time
	maxWaiting = 64              // that wait for their turn
	deadline   = 5 * time.Second // of a question, with the wait
	keepFor    = time.Second     // how long an answer serves who asks the same
	maxKept    = 64              // answers, of up to 400 kB
)

var errBusy = errors.New("too many queries wait already; try again in a moment")

// desk takes questions and has few of them read at a time. All who ask the same at the same time, or shortly after,
// share one answer. A question belongs to those who wait for it: when the last one leaves, it is given up.
type desk struct {
	read    func(context.Context, plan) (event.History, error)
	now     func() time.Time
	reading chan struct{} // a place for each question that is read

	mu        sync.Mutex
	questions map[plan]*question // that are open, or answered and kept
	kept      []plan             // the answered ones, the oldest first
	open      int
}

type question struct {
	askers   int // who wait for it
	giveUp   context.CancelFunc
	answered time.Time // the zero value while it is open

	done   chan struct{} // closed when answer and err are there
	answer event.History
	err    error
}

func newDesk(read func(context.Context, plan) (event.History, error), now func() time.Time) *desk {
	return &desk{read: read, now: now, reading: make(chan struct{}, maxReading), questions: map[plan]*question{}}
}

// ask gets the answer to a plan, which nobody may change. The error is errBusy, that of the read, or that of ctx.
func (d *desk) ask(ctx context.Context, p plan) (event.History, error) {
	q, err := d.join(ctx, p)
	if err != nil {
		return event.History{}, err
	}
	select {
	case <-q.done:
		d.leave(p, q)
		return q.answer, q.err
	case <-ctx.Done():
		if d.leave(p, q) {
			<-q.done // what we started does not outlive us
		}
		return event.History{}, ctx.Err()
	}
}

// join finds the question, or opens it.
func (d *desk) join(ctx context.Context, p plan) (*question, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forgetLocked()
	q := d.questions[p]
	if q == nil {
		if d.open == maxReading+maxWaiting {
			return nil, errBusy
		}
		q = &question{done: make(chan struct{})}
		// Not the first asker's context: others may wait for the answer.
		ctx, q.giveUp = context.WithTimeout(context.WithoutCancel(ctx), deadline)
		d.questions[p] = q
		d.open++
		go d.work(ctx, p, q)
	}
	q.askers++
	return q, nil
}

// leave says whether that gave the question up.
func (d *desk) leave(p plan, q *question) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	q.askers--
	if q.askers > 0 || !q.answered.IsZero() {
		return false
	}
	q.giveUp()
	d.removeLocked(p, q) // nobody shall join it now
	return true
}

// work has a question read in its turn.
func (d *desk) work(ctx context.Context, p plan, q *question) {
	select {
	case d.reading <- struct{}{}:
		q.answer, q.err = d.read(ctx, p)
		<-d.reading
	case <-ctx.Done():
		q.err = errBusy
	}
	q.giveUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	q.answered = d.now()
	if q.err != nil {
		d.removeLocked(p, q)
	} else if d.questions[p] == q {
		d.kept = append(d.kept, p)
	}
	close(q.done)
}

// forgetLocked drops the answers that are too old, or too many.
func (d *desk) forgetLocked() {
	for len(d.kept) > 0 {
		p := d.kept[0]
		if age := d.now().Sub(d.questions[p].answered); len(d.kept) <= maxKept && age >= 0 && age < keepFor {
			return
		}
		delete(d.questions, p)
		d.kept = d.kept[1:]
	}
}

// removeLocked takes a question away, unless another one has its place.
func (d *desk) removeLocked(p plan, q *question) {
	if d.questions[p] == q {
		delete(d.questions, p)
	}
}
