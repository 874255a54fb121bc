// Package batch is the writer that commits whatever is waiting: one flusher, one multi-row INSERT, every waiter answered
// after the commit with its own ids.
//
// It never waits for more to come. Under load the requests that arrive while one batch is written are the next one, so
// that a batch grows with the load, and a lone request is written at once. There is one flusher because a second one
// only halves the batches.
package batch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
)

const (
	maxRows        = 500  // of one batch; a request of more is a batch of its own
	rowStep        = 8    // a batch of minEven rows or more has a multiple of it, where its requests allow
	minEven        = 32   // fewer rows are hardly prepared
	maxQueue       = 4096 // requests that wait
	connectTimeout = 5 * time.Second
)

// Writer stores requests in batches. Its methods may be called from several goroutines.
type Writer struct {
	db     *store.Store
	wake   chan struct{} // holds a token when the queue may have something
	closed chan struct{} // closed by Close: flush what is there, and end
	done   sync.WaitGroup

	mu    sync.Mutex
	queue []*waiter
}

// waiter is a request in the queue, or in a batch.
type waiter struct {
	request store.Request
	ctx     context.Context // over when nobody waits any more
	outcome chan store.Outcome
}

// New starts a writer. The caller must Close it.
func New(db *store.Store) *Writer {
	w := &Writer{db: db, wake: make(chan struct{}, 1), closed: make(chan struct{})}
	w.done.Go(w.run)
	return w
}

// Close stores what is waiting and returns when all of it is answered. Insert must not be called any more.
func (w *Writer) Close() {
	close(w.closed)
	w.done.Wait()
}

// Waiting is how many requests wait, and how many can.
func (w *Writer) Waiting() (now, most int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue), maxQueue
}

// Insert stores one request and returns after the commit. As long as its rows have not been sent, it ends with ctx and
// takes the request out of the queue. Its errors are those of store.Insert.
func (w *Writer) Insert(ctx context.Context, r store.Request) (store.Answer, error) {
	me := &waiter{request: r, ctx: ctx, outcome: make(chan store.Outcome, 1)}
	if err := w.enter(me); err != nil {
		return store.Answer{}, err
	}
	select {
	case outcome := <-me.outcome:
		return outcome.Answer, outcome.Err
	case <-ctx.Done():
	}
	if w.leave(me) {
		return store.Answer{}, fmt.Errorf("%w: it was not its turn in time: %w", store.ErrNotStored, context.Cause(ctx))
	}
	outcome := <-me.outcome // it is being sent; the store bounds how long that takes
	return outcome.Answer, outcome.Err
}

func (w *Writer) enter(me *waiter) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == maxQueue {
		return fmt.Errorf("%w: %d requests wait already", store.ErrNotStored, maxQueue)
	}
	w.queue = append(w.queue, me)
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return nil
}

// leave takes a waiter out of the queue, and says whether it was still there.
func (w *Writer) leave(me *waiter) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.queue, me)
	if i < 0 {
		return false
	}
	w.queue = slices.Delete(w.queue, i, i+1)
	return true
}

// run flushes until the writer is closed and the queue is empty.
func (w *Writer) run() {
	for {
		select {
		case <-w.wake:
		case <-w.closed:
			for w.flush() {
			}
			return
		}
		for w.flush() {
		}
	}
}

// flush writes one batch, and says whether there was one. Who waits stays in the queue, free to leave, until there is a
// connection.
func (w *Writer) flush() bool {
	if now, _ := w.Waiting(); now == 0 {
		return false
	}
	// A batch belongs to none of its requests.
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	conn, err := w.db.Conn(ctx)
	if err != nil {
		w.answerAll(err)
		return true
	}
	defer conn.Close()
	w.letIn()
	batch := w.take()
	requests := make([]store.Request, len(batch))
	for i, waiting := range batch {
		requests[i] = waiting.request
	}
	for i, outcome := range conn.Insert(ctx, requests) {
		if errors.Is(outcome.Err, store.ErrKeyBusy) {
			w.done.Go(func() { w.insertAlone(batch[i]) })
			continue
		}
		batch[i].outcome <- outcome
	}
	return true
}

// letIn lets those come who are on their way into the queue this very moment. It does not wait: who has nothing to do
// but to come in comes in now, and is spared a commit of its own.
func (w *Writer) letIn() {
	for before, now := -1, 0; now > before; {
		before, _ = w.Waiting()
		runtime.Gosched()
		now, _ = w.Waiting()
	}
}

// insertAlone stores a request that would hold others up.
func (w *Writer) insertAlone(waiting *waiter) {
	answer, err := w.db.Insert(waiting.ctx, waiting.request)
	waiting.outcome <- store.Outcome{Answer: answer, Err: err}
}

// take takes the oldest requests out of the queue: as many as fit into a batch, and at least one. It leaves up to
// rowStep-1 rows to the next batch, so that batches have few different sizes: the store prepares a statement for each.
func (w *Writer) take() []*waiter {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, rows := 0, 0
	even, evenRows := 0, 0 // the last place at which the rows were a multiple of rowStep
	for n < len(w.queue) {
		more := len(w.queue[n].request.Samples)
		if n > 0 && rows+more > maxRows {
			break
		}
		n, rows = n+1, rows+more
		if rows%rowStep == 0 {
			even, evenRows = n, rows
		}
	}
	if evenRows >= minEven && rows-evenRows < rowStep {
		n = even
	}
	batch := slices.Clone(w.queue[:n])
	w.queue = slices.Delete(w.queue, 0, n)
	return batch
}

// answerAll tells everybody in the queue that there is no connection.
func (w *Writer) answerAll(err error) {
	w.mu.Lock()
	queue := w.queue
	w.queue = nil
	w.mu.Unlock()
	for _, waiting := range queue {
		waiting.outcome <- store.Outcome{Err: err}
	}
}
