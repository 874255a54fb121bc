package scale

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store/storetest"
)

const viewers = 200

// Two replicas that read one database by themselves are one stream: while clients are cut off and come back to either,
// while both are restarted, and while an early id is not committed, everybody gets exactly what was committed.
func TestTwoReplicasAreOneStream(t *testing.T) {
	dsn := storetest.DSN(t)
	replicas := []*replica{{dsn: dsn}, {dsn: dsn}}
	for _, r := range replicas {
		r.start(t)
	}
	db := storetest.Plain(t, dsn)
	db.SetMaxOpenConns(writing + 1)
	db.SetMaxIdleConns(writing + 1)
	w := newWriters(db)
	crowd := gather(t, replicas)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var work sync.WaitGroup
	work.Go(func() { w.run(ctx, t) })
	defer work.Wait()
	defer stop()

	w.awaitRows(t, 50)
	late, lateID, err := w.insert(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back := crowd.sendAway(10)

	w.awaitRows(t, 150)
	replicas[0].kill(t)
	replicas[0].start(t)
	crowd.awaitMoves(t)

	w.awaitRows(t, 500) // 50 s of the database's clock after the late row was stored
	if err := w.commit(late, lateID); err != nil {
		t.Fatal(err)
	}

	// What was there before the leap has left the memory of a service that starts after it, but not the database.
	w.awaitRows(t, 1100)
	w.sleep(150 * time.Second)
	w.awaitRows(t, 1150)
	replicas[1].terminate(t)
	replicas[1].start(t)
	back()
	crowd.awaitMoves(t)

	w.awaitRows(t, 1400)
	stop()
	work.Wait()
	crowd.settle(t, w.count())
	crowd.check(t, w.all())
	for _, r := range replicas {
		r.terminate(t)
	}
}

// crowd is all viewers.
type crowd struct {
	viewers []*viewer
	calm    chan struct{}
	leave   context.CancelFunc
	gone    sync.WaitGroup
}

// gather returns when every viewer has its first snapshot.
func gather(t *testing.T, replicas []*replica) *crowd {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	c := &crowd{calm: make(chan struct{}), leave: leave}
	t.Cleanup(func() {
		leave()
		c.gone.Wait()
	})
	for i := range viewers {
		v := newViewer(i, replicas)
		c.viewers = append(c.viewers, v)
		c.gone.Go(func() { v.run(ctx, c.calm) })
	}
	c.awaitMoves(t)
	return c
}

// sendAway has some stay away, once they have been cut off, until the function that it returns is called.
func (c *crowd) sendAway(some int) (back func()) {
	rest := make(chan struct{})
	var away <-chan struct{} = rest
	for _, v := range c.viewers[:some] {
		v.rest.Store(&away)
	}
	return func() { close(rest) }
}

// awaitMoves returns when every viewer that is not away has been welcomed anew.
func (c *crowd) awaitMoves(t *testing.T) {
	t.Helper()
	before := make([]int64, len(c.viewers))
	for i, v := range c.viewers {
		before[i] = v.welcome.Load()
	}
	const away = 10
	await(t, "the clients come back", func() bool {
		moved := 0
		for i, v := range c.viewers {
			if v.welcome.Load() > before[i] || v.faulty.Load() {
				moved++
			}
		}
		return moved >= len(c.viewers)-away
	})
}

// settle lets everybody stay where it is, and returns when they have as many rows as there are.
func (c *crowd) settle(t *testing.T, rows int) {
	t.Helper()
	close(c.calm)
	end := time.Now().Add(patience)
	for _, v := range c.viewers {
		for v.rows() < rows && !v.faulty.Load() && time.Now().Before(end) {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// check holds what each has against what was committed.
func (c *crowd) check(t *testing.T, committed []int64) {
	t.Helper()
	c.leave()
	c.gone.Wait()
	turns, repeated, wrong := 0, 0, 0
	for i, v := range c.viewers {
		turns += v.turn
		repeated += v.had
		got := v.ids()
		if v.fault == nil && slices.Equal(got, committed) {
			continue
		}
		if wrong++; wrong <= 5 {
			t.Errorf("client %d: %d rows of %d, missed %v, never committed %v; %v", i, len(got), len(committed),
				some(without(committed, got)), some(without(got, committed)), v.fault)
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d clients are wrong", wrong, viewers)
	}
	t.Logf("%d rows to %d clients in %d turns; a turn repeats %d rows, each of them over the cursor that was shown",
		len(committed), viewers, turns, repeated/max(turns, 1))
}

// without is what is in a and not in b, both ascending.
func without(a, b []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(a), func(id int64) bool {
		_, found := slices.BinarySearch(b, id)
		return found
	})
}

// some is the first few.
func some(ids []int64) []int64 { return ids[:min(len(ids), 10)] }
