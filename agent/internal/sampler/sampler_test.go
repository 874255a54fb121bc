package sampler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/procfs"
	"github.com/pulso-lab/pulso/agent/internal/vitals"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
)

// sourceFunc is a source for what no real one does on demand: fail, hang, run backwards.
type sourceFunc func() (vitals.Reading, error)

func (f sourceFunc) Read(bool) (vitals.Reading, error) { return f() }

// steady is a VM that is half busy; its counters move at every reading.
func steady() sourceFunc {
	var n uint64
	return func() (vitals.Reading, error) {
		n++
		return readingOf(n*200, n*100), nil
	}
}

// hanging is steady until hang, and then does not answer until release.
func hanging() (source sourceFunc, hang, release func()) {
	var hangs atomic.Bool
	released := make(chan struct{})
	values := steady()
	source = func() (vitals.Reading, error) {
		if hangs.Load() {
			<-released
		}
		return values()
	}
	return source, func() { hangs.Store(true) }, func() { close(released) }
}

// rig is a sampler that runs inside a bubble of synctest, where time stands still while anybody works.
type rig struct {
	*Sampler
	log bytes.Buffer
}

func newRig(t *testing.T, source Source, interval time.Duration, wall func() time.Time) *rig {
	t.Helper()
	r := &rig{}
	r.Sampler = New(Config{Source: source, Host: "vm", Interval: interval, Wall: wall, Log: service.NewLogger(&r.log)})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return r
}

// after lets time pass and then everybody finish.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (r *rig) latest(t *testing.T) sample.Sample {
	t.Helper()
	snapshot, err := r.Latest()
	if err != nil {
		t.Fatalf("no sample: %v", err)
	}
	return snapshot.Sample
}

// events counts the log's lines with a message.
func (r *rig) events(message string) int {
	return strings.Count(r.log.String(), `"message":"`+message+`"`)
}

func TestFirstSampleNeedsTwoReadings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(300 * time.Millisecond) // the clock of a bubble begins at a whole second
		r := newRig(t, steady(), time.Second, time.Now)
		after(800 * time.Millisecond) // at 1.1 s: one reading, at 1 s
		if _, err := r.Latest(); !errors.Is(err, errFirst) {
			t.Errorf("after one reading: %v", err)
		}
		after(time.Second)
		s := r.latest(t)
		if s.PorcentajeCPUUso != 50 || s.Hora.String() != "2000-01-01 00:00:02" || s.Host != "vm" || s.Fuente != "procfs" {
			t.Errorf("the first sample is %+v", s)
		}
		if r.events("sampling") != 1 || r.events("sampling_failed") != 0 {
			t.Errorf("log:\n%s", &r.log)
		}
	})
}

// hora moves by exactly one interval a sample and the sequence by one, for a source that takes its time, and
// whatever the moment the agent was started.
func TestTicksAreAligned(t *testing.T) {
	for _, c := range []struct {
		interval, read time.Duration
		second, third  string
	}{
		{time.Second, 0, "2000-01-01 00:00:02", "2000-01-01 00:00:03"},
		{time.Second, 990 * time.Millisecond, "2000-01-01 00:00:02", "2000-01-01 00:00:03"},
		{100 * time.Millisecond, 30 * time.Millisecond, "2000-01-01 00:00:00.900", "2000-01-01 00:00:01"},
		{time.Minute, time.Second, "2000-01-01 00:02:00", "2000-01-01 00:03:00"},
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(777_777_777 * time.Nanosecond)
			values := steady()
			r := newRig(t, sourceFunc(func() (vitals.Reading, error) {
				time.Sleep(c.read)
				return values()
			}), c.interval, time.Now)

			time.Sleep(time.Until(alignAfter(time.Now(), c.interval))) // the first reading
			after(c.interval + c.read)
			first := r.latest(t)
			if first.Hora.String() != c.second {
				t.Errorf("every %s: the first sample is of %s, want %s", c.interval, first.Hora, c.second)
			}
			for i := range 50 {
				after(c.interval)
				s := r.latest(t)
				if want := first.Hora.Add(time.Duration(i+1) * c.interval); !s.Hora.Equal(want) {
					t.Fatalf("every %s: sample %d is of %s, want %s", c.interval, i, s.Hora, want)
				}
				if want := *first.Secuencia + int64(i) + 1; *s.Secuencia != want {
					t.Fatalf("every %s: sample %d is number %d, want %d", c.interval, i, *s.Secuencia, want)
				}
				if i == 0 && s.Hora.String() != c.third {
					t.Errorf("every %s: the second sample is of %s, want %s", c.interval, s.Hora, c.third)
				}
			}
		})
	}
}

func TestSequenceGrowsOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last int64
		for range 5 {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			s := New(Config{Source: steady(), Interval: 100 * time.Millisecond, Wall: time.Now, Log: service.NewLogger(&bytes.Buffer{})})
			s.Run(ctx)
			stop()
			snapshot, err := s.Latest()
			if err != nil {
				t.Fatal(err)
			}
			if *snapshot.Sample.Secuencia <= last+1 {
				t.Errorf("a restart went from %d to %d", last, *snapshot.Sample.Secuencia)
			}
			last = *snapshot.Sample.Secuencia
		}
	})
}

func TestFailuresAreSeenAndLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Pointer[error]
		values := steady()
		r := newRig(t, sourceFunc(func() (vitals.Reading, error) {
			if err := broken.Load(); err != nil {
				return vitals.Reading{}, *err
			}
			return values()
		}), time.Second, time.Now)
		after(10*time.Second + 500*time.Millisecond)
		before := r.latest(t)

		fire := errors.New("the disk is on fire")
		broken.Store(&fire)
		after(30 * time.Second)
		if _, err := r.Latest(); !errors.Is(err, fire) {
			t.Errorf("readers see %v", err)
		}
		broken.Store(new(errors.New("and now the roof")))
		after(30 * time.Second)
		if got := r.events("sampling_failed"); got != 2 {
			t.Errorf("%d failures in the log, want 2: one for each change\n%s", got, &r.log)
		}

		broken.Store(nil)
		after(time.Second)
		if _, err := r.Latest(); !errors.Is(err, errFirst) {
			t.Errorf("a window over the gap was used: %v", err)
		}
		after(time.Second)
		if got := *r.latest(t).Secuencia; got != *before.Secuencia+1 {
			t.Errorf("the sequence went from %d to %d", *before.Secuencia, got)
		}
		after(30 * time.Second)
		if got := r.events("sampling"); got != 2 {
			t.Errorf("%d times sampling in the log, want 2\n%s", got, &r.log)
		}
	})
}

func TestCountersBackwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n uint64
		var boot atomic.Uint64
		boot.Store(1_000_000)
		r := newRig(t, sourceFunc(func() (vitals.Reading, error) {
			n++
			return readingOf(boot.Load()+n*200, boot.Load()+n*100), nil
		}), time.Second, time.Now)
		after(5*time.Second + 500*time.Millisecond)
		before := r.latest(t)
		boot.Store(0)
		after(time.Second)
		if _, err := r.Latest(); !errors.Is(err, errBackwards) {
			t.Errorf("readers see %v", err)
		}
		after(time.Second)
		if s := r.latest(t); *s.Secuencia != *before.Secuencia+1 || s.PorcentajeCPUUso != 50 {
			t.Errorf("after the jump: %+v", s)
		}
	})
}

// Two sources in turn: no window spans both, and what was published stays until it is too old.
func TestSourceChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fuente atomic.Pointer[string]
		fuente.Store(new("kernel"))
		var n uint64
		r := newRig(t, sourceFunc(func() (vitals.Reading, error) {
			n++
			values := readingOf(n*200, n*100)
			values.Fuente = *fuente.Load()
			if values.Fuente == "procfs" { // of another age, and otherwise plausible
				values = readingOf(1_000_000+n*400, 100_000+n*100)
			}
			return values, nil
		}), time.Second, time.Now)
		after(time.Second + 500*time.Millisecond) // the first reading
		fuente.Store(new("procfs"))
		after(time.Second)
		if _, err := r.Latest(); !errors.Is(err, errFirst) {
			t.Errorf("after one reading of each source: %v", err)
		}
		after(time.Second)
		if s := r.latest(t); s.Fuente != "procfs" || s.PorcentajeCPUUso != 75 {
			t.Errorf("the first sample is %+v", s)
		}

		before := r.latest(t)
		fuente.Store(new("kernel"))
		after(time.Second)
		if s := r.latest(t); *s.Secuencia != *before.Secuencia {
			t.Errorf("over the change: %+v", s)
		}
		after(time.Second)
		if s := r.latest(t); s.Fuente != "kernel" || s.PorcentajeCPUUso != 50 || *s.Secuencia != *before.Secuencia+1 {
			t.Errorf("after the change: %+v", s)
		}

		for _, next := range []string{"procfs", "kernel", "procfs", "kernel"} {
			fuente.Store(&next)
			after(time.Second)
		}
		if _, err := r.Latest(); err == nil || !strings.Contains(err.Error(), "old") {
			t.Errorf("sources that change at every reading: %v", err)
		}
	})
}

// A reason with other numbers in it at every sample is logged now and then, and at once when samples had come between.
func TestFailuresThatDifferEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n int
		var well atomic.Bool
		values := steady()
		r := newRig(t, sourceFunc(func() (vitals.Reading, error) {
			if well.Load() {
				return values()
			}
			n++
			return vitals.Reading{}, fmt.Errorf("rubbish %d", n)
		}), time.Second, time.Now)
		after(21*time.Second + 500*time.Millisecond)
		if got := r.events("sampling_failed"); got != 3 {
			t.Errorf("%d lines in the log, want 3: one every ten seconds\n%s", got, &r.log)
		}
		well.Store(true)
		after(3 * time.Second)
		well.Store(false)
		after(time.Second)
		if got := r.events("sampling_failed"); got != 4 {
			t.Errorf("%d lines in the log, want 4\n%s", got, &r.log)
		}
	})
}

// A source that hangs: the last sample counts for three intervals, and not longer. What the source says in the end is
// of no known time, so the window begins anew.
func TestStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, hang, release := hanging()
		r := newRig(t, source, time.Second, time.Now)
		after(5 * time.Second) // the newest sample is of now
		hang()
		after(3 * time.Second)
		r.latest(t)
		after(time.Millisecond)
		if _, err := r.Latest(); err == nil || !strings.Contains(err.Error(), "3.001s old") {
			t.Errorf("readers see %v", err)
		}
		after(10 * time.Second)
		release()
		synctest.Wait()
		if _, err := r.Latest(); !errors.Is(err, errLate) {
			t.Errorf("after the pause: %v", err)
		}
		after(2 * time.Second)
		r.latest(t)
	})
}

// The agent itself is paused between two readings: the window is not the last interval.
func TestPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pause atomic.Bool
		r := newRig(t, steady(), time.Second, func() time.Time {
			if pause.Swap(false) {
				time.Sleep(time.Minute)
			}
			return time.Now()
		})
		after(5*time.Second + 500*time.Millisecond)
		pause.Store(true)
		after(time.Minute + time.Second)
		if _, err := r.Latest(); !errors.Is(err, errLate) {
			t.Errorf("after the pause: %v", err)
		}
		after(time.Second)
		r.latest(t)
	})
}

func TestLateReadings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values := steady()
		r := newRig(t, sourceFunc(func() (vitals.Reading, error) {
			time.Sleep(4 * time.Second)
			return values()
		}), time.Second, time.Now)
		after(time.Minute)
		if _, err := r.Latest(); !errors.Is(err, errLate) {
			t.Errorf("readers see %v", err)
		}
		if got := r.events("sampling_failed"); got != 1 {
			t.Errorf("%d failures in the log\n%s", got, &r.log)
		}
	})
}

// The wall clock is set while the sampler waits. A small step back gives no second twice; a large one is followed at
// once, and ages do not care.
func TestWallClockIsSet(t *testing.T) {
	for _, step := range []time.Duration{-300 * time.Millisecond, -999 * time.Millisecond, -time.Hour, 90 * time.Minute, 400 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			var offset atomic.Int64
			r := newRig(t, steady(), time.Second, func() time.Time { return time.Now().Add(time.Duration(offset.Load())) })
			after(10*time.Second + 500*time.Millisecond)
			offset.Store(int64(step))
			seen := map[string]int64{r.latest(t).Hora.String(): *r.latest(t).Secuencia}
			for range 400 {
				after(50 * time.Millisecond)
				s := r.latest(t) // never absent: the monotonic clock was not set
				if number, ok := seen[s.Hora.String()]; ok && number != *s.Secuencia {
					t.Errorf("step %s: %s came twice", step, s.Hora)
				}
				seen[s.Hora.String()] = *s.Secuencia
			}
			if len(seen) < 20 {
				t.Errorf("step %s: %d samples in 20 s", step, len(seen))
			}
		})
	}
}

// Many readers while samples come from the real procfs: everything that they get is whole.
func TestReadersWhileSampling(t *testing.T) {
	source, err := procfs.New("/proc")
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{
		Source: source, Host: "vm", Interval: 50 * time.Millisecond, Wall: time.Now,
		Log: service.NewLogger(t.Output()),
	})
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
	defer stop()
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() { readWhole(ctx, t, s) })
	}
	s.Run(ctx)
	readers.Wait()
}

// readWhole reads until ctx ends, and checks each new sample.
func readWhole(ctx context.Context, t *testing.T, s *Sampler) {
	var last int64
	samples := 0
	for ctx.Err() == nil {
		snapshot, err := s.Latest()
		if err != nil || *snapshot.Sample.Secuencia == last {
			time.Sleep(time.Millisecond)
			continue
		}
		samples++
		var got sample.Sample
		if err := json.Unmarshal(snapshot.JSON.Bytes, &got); err != nil {
			t.Error(err)
			return
		}
		if *got.Secuencia <= last || *got.Secuencia != *snapshot.Sample.Secuencia {
			t.Errorf("sample %d after %d", *got.Secuencia, last)
		}
		last = *got.Secuencia
		if got.TotalRAM != got.RAMLibre+got.UsoRAM || got.PorcentajeCPUUso+got.PorcentajeCPULibre != 100 ||
			got.TotalProcesos != got.ProcesosCorriendo+got.ProcesosDurmiendo+got.ProcesosZombie+got.ProcesosParados {
			t.Errorf("the sums are wrong: %s", snapshot.JSON.Bytes)
		}
		if decoded, err := sample.Decode(snapshot.JSON.Bytes); err != nil || len(decoded) != 1 {
			t.Errorf("the ingest refuses %s: %v", snapshot.JSON.Bytes, err)
		}
		if int64(len(snapshot.Table.ByCPU())) != got.TotalProcesos || int64(len(snapshot.Table.ByRAM())) != got.TotalProcesos {
			t.Errorf("the table has %d rows of %d", len(snapshot.Table.ByCPU()), got.TotalProcesos)
		}
	}
	if samples < 3 {
		t.Errorf("a reader saw %d samples", samples)
	}
}
