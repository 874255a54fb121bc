package history

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/store"
)

// reader is a database that answers when it is told to.
type reader struct {
	reads, given atomic.Int64  // that began, and that were given up
	release      chan struct{} // one answer for each
	parting      chan struct{} // closed when one that was given up may return
	err          error
}

func (r *reader) read(ctx context.Context, p plan) (event.History, error) {
	r.reads.Add(1)
	select {
	case <-r.release:
		return event.History{Step: float64(p.points)}, r.err
	case <-ctx.Done():
		r.given.Add(1)
		<-r.parting
		return event.History{}, ctx.Err()
	}
}

func newReader() (*reader, *desk) {
	r := &reader{release: make(chan struct{}), parting: make(chan struct{})}
	close(r.parting)
	return r, newDesk(r.read, time.Now)
}

func about(points int) plan { return plan{points: points} }

func TestTheSameQuestionIsReadOnceAndKeptForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, d := newReader()
		var asking sync.WaitGroup
		for range 100 {
			asking.Go(func() {
				if got, err := d.ask(t.Context(), about(7)); err != nil || got.Step != 7 {
					t.Errorf("%v, %v", got.Step, err)
				}
			})
		}
		synctest.Wait()
		r.release <- struct{}{}
		asking.Wait()
		time.Sleep(keepFor - time.Millisecond)
		if got, err := d.ask(t.Context(), about(7)); err != nil || got.Step != 7 || r.reads.Load() != 1 {
			t.Errorf("%v, %v, after %d reads", got.Step, err, r.reads.Load())
		}
		time.Sleep(time.Millisecond)
		asking.Go(func() { _, _ = d.ask(t.Context(), about(7)) })
		r.release <- struct{}{}
		asking.Wait()
		if r.reads.Load() != 2 {
			t.Errorf("an answer that is a second old served again: %d reads", r.reads.Load())
		}
	})
}

func TestAFailureIsNotKept(t *testing.T) {
	r, d := newReader()
	close(r.release)
	r.err = errors.New("away")
	for n := int64(1); n <= 3; n++ {
		if _, err := d.ask(t.Context(), about(1)); !errors.Is(err, r.err) || r.reads.Load() != n {
			t.Errorf("%v after %d reads", err, r.reads.Load())
		}
	}
}

func TestAQuestionEndsWithItsLastAsker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, d := newReader()
		first, leaveFirst := context.WithCancel(t.Context())
		second, leaveSecond := context.WithCancel(t.Context())
		defer leaveSecond()
		var asking sync.WaitGroup
		for _, ctx := range []context.Context{first, second} {
			asking.Go(func() {
				if _, err := d.ask(ctx, about(1)); !errors.Is(err, context.Canceled) {
					t.Errorf("who left got %v", err)
				}
			})
			synctest.Wait()
		}
		leaveFirst()
		synctest.Wait()
		if r.given.Load() != 0 {
			t.Error("the first asker took the question along")
		}
		leaveSecond()
		asking.Wait()
		if r.given.Load() != 1 || d.open != 0 || len(d.questions) != 0 {
			t.Errorf("%d given up, %d open, %d known, when all had left", r.given.Load(), d.open, len(d.questions))
		}
	})
}

func TestNobodyJoinsWhatWasGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, d := newReader()
		r.parting = make(chan struct{})
		leaving, leave := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		asking.Go(func() { _, _ = d.ask(leaving, about(1)) })
		synctest.Wait()
		leave()
		synctest.Wait() // it is given up, and takes its time
		asking.Go(func() {
			if got, err := d.ask(t.Context(), about(1)); err != nil || got.Step != 1 {
				t.Errorf("%v, %v", got.Step, err)
			}
		})
		synctest.Wait()
		close(r.parting)
		synctest.Wait()
		close(r.release)
		asking.Wait()
		if r.given.Load() != 1 || d.open != 0 || len(d.questions) != 1 || len(d.kept) != 1 {
			t.Errorf("%d given up, %d open, %d known, %d kept", r.given.Load(), d.open, len(d.questions), len(d.kept))
		}
	})
}

func TestFewAreReadAndFewWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, d := newReader()
		leaving, leave := context.WithCancel(t.Context())
		defer leave()
		var asking sync.WaitGroup
		var answered atomic.Int64
		ask := func(ctx context.Context, points int) {
			asking.Go(func() {
				if _, err := d.ask(ctx, about(points)); err == nil {
					answered.Add(1)
				}
			})
		}
		for i := range maxReading + maxWaiting - 1 {
			ask(t.Context(), i)
		}
		ask(leaving, 1000)
		synctest.Wait()
		if r.reads.Load() != maxReading {
			t.Errorf("%d are read at once", r.reads.Load())
		}
		if _, err := d.ask(t.Context(), about(2000)); !errors.Is(err, errBusy) {
			t.Errorf("one too many: %v", err)
		}
		ask(t.Context(), 0) // who joins a question needs no place
		leave()             // who leaves gives theirs to another
		synctest.Wait()
		ask(t.Context(), 2000)
		for range maxReading + maxWaiting {
			synctest.Wait()
			r.release <- struct{}{}
		}
		asking.Wait()
		if answered.Load() != maxReading+maxWaiting+1 {
			t.Errorf("%d were answered", answered.Load())
		}
		if _, _ = d.ask(leaving, about(1)); len(d.questions) > maxKept {
			t.Errorf("%d answers are kept", len(d.questions))
		}
	})
}

func TestNobodyWaitsForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, d := newReader()
		began := time.Now()
		var asking sync.WaitGroup
		var ended atomic.Int64
		for i := range maxReading + 3 {
			asking.Go(func() {
				_, err := d.ask(t.Context(), about(i))
				if errors.Is(err, errBusy) || errors.Is(err, context.DeadlineExceeded) {
					ended.Add(1)
				}
			})
		}
		asking.Wait()
		if took := time.Since(began); took != deadline || ended.Load() != maxReading+3 {
			t.Errorf("after %s, %d were told so", took, ended.Load())
		}
	})
}

// The database is locked: who waits for it is bounded, and leaves when told; then all goes on.
func TestADatabaseThatStandsStill(t *testing.T) {
	r := newRig(t)
	ctx := bounded(t)
	conn, err := r.plain.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "LOCK TABLES samples_by_minute WRITE"); err != nil {
		t.Fatal(err)
	}
	leaving, leave := context.WithCancel(ctx)
	var staying, going sync.WaitGroup
	ask := func(ctx context.Context, points int) *event.Failure {
		_, failure := r.Answer(ctx, asked{from: "2026-03-01 12:00:00", to: "2026-03-01 12:50:00", points: points}.query(t))
		return failure
	}
	for i := range maxReading + maxWaiting {
		if i < 33 {
			going.Go(func() {
				if failure := ask(leaving, i+1); failure == nil {
					t.Error("an answer came from a locked table")
				}
			})
			continue
		}
		staying.Go(func() {
			if failure := ask(ctx, i+1); failure != nil {
				t.Errorf("%+v", failure)
			}
		})
	}
	await(t, ctx, func() bool {
		r.desk.mu.Lock()
		defer r.desk.mu.Unlock()
		return r.desk.open == maxReading+maxWaiting
	})
	if failure := ask(ctx, 100); failure == nil || failure.Code != "ocupado" {
		t.Errorf("one too many: %+v", failure)
	}
	leave()
	going.Wait()
	if _, err := conn.ExecContext(ctx, "UNLOCK TABLES"); err != nil {
		t.Fatal(err)
	}
	staying.Wait()
	if failure := ask(ctx, 100); failure != nil {
		t.Errorf("afterwards: %+v", failure)
	}
}

func TestADatabaseThatIsAway(t *testing.T) {
	db, err := store.Open("root@unix(/nowhere/sock)/pulso", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	_, failure := on(db).Answer(t.Context(), asked{from: "2026-03-01 12:00:00", to: "2026-03-01 12:50:00", points: 1}.query(t))
	if failure == nil || failure.Code != "no_disponible" {
		t.Errorf("%+v", failure)
	}
}

// await returns when the condition holds.
func await(t *testing.T, ctx context.Context, condition func() bool) {
	t.Helper()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatal("in vain")
		case <-time.After(time.Millisecond):
		}
	}
}
