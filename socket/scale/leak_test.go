package scale

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/socket/internal/edge"
)

// ends are the moments at which a client's connection is reset.
var ends = map[string]func(s *stream, w *wire) error{
	"in a request":                    func(_ *stream, w *wire) error { return w.say("GET " + path + "polling HT") },
	"before the answer to an upgrade": func(_ *stream, w *wire) error { return w.say(upgradeRequest("")) },
	"before it joins":                 func(_ *stream, w *wire) error { return w.upgrade("") },
	"as it joins": func(_ *stream, w *wire) error {
		if err := w.upgrade(""); err != nil {
			return err
		}
		return w.say(frame(final|text, "40"))
	},
	"in the stream": func(_ *stream, w *wire) error { return w.join() },
	"in a fragment": func(_ *stream, w *wire) error {
		if err := w.join(); err != nil {
			return err
		}
		return w.say(frame(text, `42["history",{`) + frame(0, "no")[:3])
	},
	"as a session that polls": func(_ *stream, w *wire) error {
		_, err := w.poll()
		return err
	},
	"as a client that polls": func(_ *stream, w *wire) error {
		_, err := w.joinPolling()
		return err
	},
	"in a poll": func(_ *stream, w *wire) error {
		sid, err := w.joinPolling()
		if err != nil {
			return err
		}
		return w.get(sid)
	},
	"in a body": func(_ *stream, w *wire) error {
		sid, err := w.poll()
		if err != nil {
			return err
		}
		return w.post(sid, "4", 2)
	},
	"in an upgrade":    func(s *stream, w *wire) error { return probe(s, w, "") },
	"after an upgrade": func(s *stream, w *wire) error { return probe(s, w, "5") },
}

// probe goes from polling to a WebSocket and ends the upgrade with this.
func probe(s *stream, poller *wire, end string) error {
	sid, err := poller.joinPolling()
	if err != nil {
		return err
	}
	w, err := s.dial()
	if err != nil {
		return err
	}
	defer w.reset()
	if err := w.upgrade(sid); err != nil {
		return err
	}
	if err := w.say(frame(final|text, "2probe")); err != nil {
		return err
	}
	if err := w.await("3probe"); err != nil || end == "" {
		return err
	}
	return w.say(frame(final|text, end))
}

const (
	abrupt   = 3000 // connections that are reset
	places   = 250  // of clients
	lifetime = 300 * time.Millisecond
)

// A client that leaves without a word leaves nothing behind, in whatever moment it does.
func TestAbruptDisconnectsLeaveNothing(t *testing.T) {
	s := open(t, edge.Options{Clients: places, PingInterval: lifetime, PingTimeout: lifetime, WriteTimeout: time.Second})
	// What is kept for clients that come back, and for those that lag, is full.
	s.Load(0, tick(70_000))
	rows := tick(10)
	for range 1100 {
		s.Tick(rows, 10)
	}
	s.disconnect(t, 10*len(ends)) // what is made once is there
	goroutines, heap := s.settle(t, 0)

	stop := every(20*time.Millisecond, func() { s.Tick(rows, 10) })
	s.disconnect(t, abrupt)
	stop()
	after, heapAfter := s.settle(t, goroutines)
	t.Logf("goroutines %d, then %d; heap %d KiB, then %d KiB", goroutines, after, heap>>10, heapAfter>>10)
	if over := int64(heapAfter) - int64(heap); over > abrupt<<10 {
		t.Errorf("the heap grew by %d bytes for each client", over/abrupt)
	}
	s.checkPlaces(t)
	s.settle(t, goroutines)
	select {
	case line := <-s.said:
		t.Errorf("the log has a line for a client that left: %s", line)
	default:
	}
}

// A client that polls and does not come back is not slow: it is gone when the ping timeout is over.
func TestPollsThatDoNotComeBackEnd(t *testing.T) {
	const polls = 50
	s := open(t, edge.Options{Clients: places, PingInterval: lifetime, PingTimeout: lifetime})
	goroutines, _ := s.settle(t, 0)
	for range polls {
		if err := s.leave(ends["as a client that polls"]); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	s.settle(t, goroutines)
	if took := time.Since(began); took > 10*lifetime {
		t.Errorf("it took %s", took)
	}
	if dropped := s.edge.Dropped(); dropped["slow"]+dropped["behind"] > 0 {
		t.Errorf("dropped: %v", dropped)
	}
}

// disconnect resets so many connections, many at a time and in all moments.
func (s *stream) disconnect(t *testing.T, clients int) {
	t.Helper()
	type end struct {
		name string
		do   func(*stream, *wire) error
	}
	queue := make(chan end)
	var work sync.WaitGroup
	for range 40 {
		work.Go(func() {
			for e := range queue {
				await(t, "a place for a client that leaves "+e.name, func() bool {
					err := s.leave(e.do)
					if err != nil && !errors.Is(err, errFull) {
						t.Errorf("%s: %v", e.name, err)
					}
					return !errors.Is(err, errFull)
				})
			}
		})
	}
	for done := 0; done < clients; {
		for name, do := range ends {
			queue <- end{name, do}
			done++
		}
	}
	close(queue)
	work.Wait()
}

func (s *stream) leave(end func(*stream, *wire) error) error {
	w, err := s.dial()
	if err != nil {
		return err
	}
	defer w.reset()
	return end(s, w)
}

// settle returns when nobody is connected and no more goroutines are there than these, with what there is then. With 0
// it takes those that are there when nothing changes any more.
func (s *stream) settle(t *testing.T, goroutines int) (now int, heap uint64) {
	t.Helper()
	last, since := 0, time.Now()
	await(t, "the clients are gone, and what served them", func() bool {
		now = runtime.NumGoroutine()
		if now != last {
			last, since = now, time.Now()
		}
		still := time.Since(since) > 4*lifetime
		return s.Clients() == 0 && (goroutines == 0 && still || goroutines > 0 && now <= goroutines)
	})
	var memory runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one left to finalizers and pools
	runtime.ReadMemStats(&memory)
	return now, memory.HeapAlloc
}

// checkPlaces demands that the server counts no client that is not there, and none less than there are: sessions that
// poll once and never again fill it exactly, and their places are free again when the ping timeout is over.
func (s *stream) checkPlaces(t *testing.T) {
	t.Helper()
	for range 5 { // on a slow machine the first places are free again before the last one is taken
		time.Sleep(3 * lifetime) // no session that never polls again lives longer
		admitted, err := s.fill()
		t.Logf("%d sessions were admitted to %d places: %v", admitted, places, err)
		if errors.Is(err, errFull) && admitted == places {
			return
		}
	}
	t.Errorf("%d places are not free, or more than that", places)
}

// fill starts sessions that poll until the server has no place.
func (s *stream) fill() (admitted int, err error) {
	w, err := s.dial()
	if err != nil {
		return 0, err
	}
	defer w.reset()
	for ; admitted <= places; admitted++ {
		if _, err := w.poll(); err != nil {
			return admitted, err
		}
	}
	return admitted, nil
}
