package sampler

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

// onDemand is a VM whose source reads the process table on demand only. Its one process uses a tenth of a CPU.
type onDemand struct {
	start  time.Time
	tables atomic.Int64 // read so far
	fails  atomic.Pointer[error]
}

func (o *onDemand) Read(table bool) (vitals.Reading, error) {
	if err := o.fails.Load(); err != nil {
		return vitals.Reading{}, *err
	}
	ns := uint64(time.Since(o.start))
	r := readingOf(2*ns, ns)
	if table {
		o.tables.Add(1)
		r.Processes = []vitals.Process{{PID: 1, State: 'S', CPU: ns / 10}}
	}
	return r, nil
}

func newOnDemand(t *testing.T, interval time.Duration) (*onDemand, *rig) {
	source := &onDemand{start: time.Now().Add(-time.Hour)}
	return source, newRig(t, source, interval, time.Now)
}

// Nobody asks, nobody pays; whoever asks first waits for two readings, and whoever comes later does not wait.
func TestTableOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, r := newOnDemand(t, time.Second)
		after(20*time.Second + 500*time.Millisecond)
		r.latest(t)
		if n := source.tables.Load(); n != 0 {
			t.Errorf("%d tables were read for nobody", n)
		}

		asked := time.Now()
		var askers sync.WaitGroup
		for range 3 {
			askers.Go(func() {
				snapshot, err := r.LatestTable(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				rows := snapshot.Table.ByCPU()
				if waited := time.Since(asked); waited != 1500*time.Millisecond || len(rows) != 1 || rows[0].PorcentajeCPU != 10 {
					t.Errorf("after %s: %+v", waited, rows)
				}
				if newest, _ := r.Latest(); newest != snapshot {
					t.Errorf("the table is of %s, the newest sample of %s", snapshot.Sample.Hora, newest.Sample.Hora)
				}
			})
		}
		askers.Wait()

		after(58 * time.Second) // still within the minute
		asked = time.Now()
		if snapshot, err := r.LatestTable(t.Context()); err != nil || time.Since(asked) != 0 || snapshot.Table == nil {
			t.Errorf("waited %s: %v", time.Since(asked), err)
		}
		after(demand + 2*time.Second)
		read := source.tables.Load()
		after(time.Minute)
		if n := source.tables.Load(); n != read {
			t.Errorf("%d tables were read more than a minute after anybody asked", n-read)
		}
		if snapshot, err := r.Latest(); err != nil || snapshot.Table != nil {
			t.Errorf("a sample has a table that nobody asked for: %v", err)
		}
	})
}

// The wait has a bound, and ends with the caller; who comes back when he was told finds the table, at any interval.
func TestTableWaitEnds(t *testing.T) {
	for _, interval := range []time.Duration{10 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			_, r := newOnDemand(t, interval)
			after(4*interval + interval/2)
			asked := time.Now()
			_, err := r.LatestTable(t.Context())
			noTable := (*NoTableError)(nil)
			if !errors.As(err, &noTable) || time.Since(asked) != maxWait || noTable.Retry != 2*interval {
				t.Fatalf("after %s: %v", time.Since(asked), err)
			}
			after(noTable.Retry)
			asked = time.Now()
			if _, err := r.LatestTable(t.Context()); err != nil || time.Since(asked) != 0 {
				t.Errorf("after %s: %v", time.Since(asked), err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		_, r := newOnDemand(t, time.Second)
		after(5*time.Second + 500*time.Millisecond)
		asked := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := r.LatestTable(ctx); err == nil || time.Since(asked) != 300*time.Millisecond {
			t.Errorf("after %s: %v", time.Since(asked), err)
		}
	})
}

// A source that fails ends the wait with its reason, and so does the absence of any sample.
func TestTableWaitEndsWithTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, r := newOnDemand(t, time.Second)
		if _, err := r.LatestTable(t.Context()); !errors.Is(err, errFirst) {
			t.Errorf("before the first sample: %v", err)
		}
		after(2*time.Minute + 500*time.Millisecond)
		fire := errors.New("the table is on fire")
		asked := time.Now()
		time.AfterFunc(100*time.Millisecond, func() { source.fails.Store(&fire) })
		if _, err := r.LatestTable(t.Context()); !errors.Is(err, fire) || time.Since(asked) != 500*time.Millisecond {
			t.Errorf("after %s: %v", time.Since(asked), err)
		}
	})
}

// While readings hang, the newest sample grows old; who waits is told so.
func TestTableWaitOnAHangingSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, hang, release := hanging()
		r := newRig(t, source, time.Second, time.Now)
		after(5*time.Second + 500*time.Millisecond)
		hang()
		if _, err := r.LatestTable(t.Context()); err == nil || !strings.Contains(err.Error(), "old") {
			t.Errorf("%v", err)
		}
		release()
	})
}
