package scale

import (
	"fmt"
	"io"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/socket/internal/edge"
)

const (
	tickRows     = 500             // 170 KB of JSON, far more than the buffers of a connection
	writeTimeout = 2 * time.Second // whoever had to wait for a client that takes nothing would wait so long
	maxTicks     = 10_000          // of a test
)

// Clients that take nothing, or less than comes, are dropped with the reason; those that listen get everything, on time.
func TestWhoDoesNotListenIsDroppedAndHoldsNobodyUp(t *testing.T) {
	const listening, deaf, mute, sluggish = 5, 20, 10, 3
	s := open(t, edge.Options{Clients: 100, WriteTimeout: writeTimeout})
	listeners := make([]*listener, listening)
	var work sync.WaitGroup
	for i := range listeners {
		listeners[i] = &listener{wire: joined(t, s)}
	}
	for range deaf {
		joined(t, s)
	}
	for range mute {
		if _, err := dialed(t, s).joinPolling(); err != nil {
			t.Fatal(err)
		}
	}
	for range sluggish {
		w := joined(t, s)
		work.Go(w.sip)
	}
	await(t, "all are clients", func() bool { return s.Clients() == listening+deaf+mute+sluggish })

	var ticks ticker
	for _, l := range listeners {
		work.Go(func() { l.listen(&ticks) })
	}
	began := time.Now()
	stop := every(20*time.Millisecond, func() { ticks.tick(s) })
	await(t, "those that take nothing are dropped", func() bool { return s.edge.Dropped()["slow"] == deaf+mute })
	if took := time.Since(began); took > 3*writeTimeout {
		t.Errorf("that took %s", took)
	}
	await(t, "those that take too little are dropped", func() bool { return s.edge.Dropped()["behind"] == sluggish })
	await(t, "only the others are left", func() bool { return s.Clients() == listening })
	stop()
	last := ticks.count.Load()
	await(t, "the others have everything", func() bool {
		for _, l := range listeners {
			if l.got.Load() < last && l.err.Load() == nil {
				return false
			}
		}
		return true
	})
	for i, l := range listeners {
		if err := l.err.Load(); err != nil {
			t.Errorf("listener %d: %v", i, *err)
		}
		t.Logf("listener %d had each of %d ticks within %s", i, last, l.slowest)
		if l.slowest >= writeTimeout {
			t.Errorf("listener %d waited for others: %s", i, l.slowest)
		}
		l.reset()
	}
	work.Wait()
	t.Logf("%d MiB were in use at most", ticks.heap>>20)
	if ticks.heap > 128<<20 {
		t.Errorf("%d MiB were in use, of which the log may have 32 and the recent rows 25", ticks.heap>>20)
	}
}

// A client that polls and does not read the answer takes nothing either.
func TestAPollThatIsNotReadIsDropped(t *testing.T) {
	s := open(t, edge.Options{Clients: 100, WriteTimeout: writeTimeout})
	w := dialed(t, s)
	sid, err := w.joinPolling()
	if err != nil {
		t.Fatal(err)
	}
	for body := ""; !strings.Contains(body, "snapshot"); {
		if err := w.get(sid); err != nil {
			t.Fatal(err)
		}
		if body, err = w.answer(200); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.get(sid); err != nil {
		t.Fatal(err)
	}
	var ticks ticker
	began := time.Now()
	stop := every(20*time.Millisecond, func() { ticks.tick(s) })
	defer stop()
	await(t, "it is dropped", func() bool { return s.edge.Dropped()["slow"] == 1 && s.Clients() == 0 })
	if took := time.Since(began); took > 3*writeTimeout {
		t.Errorf("that took %s", took)
	}
}

func dialed(t *testing.T, s *stream) *wire {
	t.Helper()
	w, err := s.dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func joined(t *testing.T, s *stream) *wire {
	t.Helper()
	w := dialed(t, s)
	if err := w.join(); err != nil {
		t.Fatal(err)
	}
	return w
}

// sip reads far less than comes, but never nothing for long.
func (w *wire) sip() {
	for {
		if _, err := io.CopyN(io.Discard, w.in, 16<<10); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// ticker ticks and notes when.
type ticker struct {
	count atomic.Int64
	at    [maxTicks]atomic.Int64 // since 1970, in nanoseconds
	heap  uint64                 // the largest that was in use after a collection
}

func (k *ticker) tick(s *stream) {
	n := k.count.Load() + 1
	k.at[n].Store(time.Now().UnixNano())
	s.Tick(tick(tickRows), n) // the cursor is the number of the tick
	k.count.Store(n)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	k.heap = max(k.heap, live[0].Value.Uint64())
}

// listener takes every tick.
type listener struct {
	*wire
	got     atomic.Int64
	err     atomic.Pointer[error]
	slowest time.Duration
}

// listen ends with the connection, or when a tick is missing.
func (l *listener) listen(ticks *ticker) {
	for {
		m, err := l.message()
		if err == nil && !strings.HasPrefix(string(m[:min(len(m), 12)]), `42["samples"`) {
			continue
		}
		want := l.got.Load() + 1
		if err == nil && first(m, `"cursor":`) != want {
			err = fmt.Errorf("tick %d came as number %d", first(m, `"cursor":`), want)
		}
		if err != nil {
			l.err.Store(&err)
			return
		}
		l.slowest = max(l.slowest, time.Since(time.Unix(0, ticks.at[want].Load())))
		l.got.Store(want)
	}
}
