// Package sampler turns readings of a VM into samples, one every interval.
//
// One goroutine owns the CPU window: a percentage is the difference of two readings, so a reader that could move the
// window would change every other reader's number. Each sample is encoded once and published through one atomic
// pointer; readers get bytes that never change, never wait, and cost the sampler nothing, however many they are.
//
// Where there is no true number there is none at all: before the second reading, when the source fails, when
// counters run backwards, and when the newest sample is older than three intervals, readers get the reason instead.
//
// The process table is read only while somebody wants it (docs/decisions/0008): with the modules it costs many times
// what the rest of a sample does.
package sampler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
	"github.com/pulso-lab/pulso/internal/sample"
)

// maxAge is how many intervals a reading stays true, for readers and as the beginning of a CPU window.
const maxAge = 3

// quiet is how long a reason that differs at every sample, as one with counters in it does, is logged once.
const quiet = 10 * time.Second

// Reasons why there is no sample, besides what a source says.
var (
	errFirst = errors.New("no sample yet: CPU use needs two readings")
	errLate  = errors.New("a reading was late by more than three intervals: the VM is too busy for this interval, or was paused")
)

// Source reads the VM, and its process table where that is wanted. Its error says what could not be read.
type Source interface {
	Read(table bool) (vitals.Reading, error)
}

// Config says what to sample, and how often.
type Config struct {
	Source   Source
	Host     string        // the VM's name
	Interval time.Duration // at least 1 ms
	// Wall is the clock that hora and the ticks follow, time.Now outside tests. Ages and CPU windows do not: they
	// are measured on the monotonic clock, which nobody sets.
	Wall func() time.Time
	Log  *slog.Logger
}

// Sampler takes samples while Run runs.
type Sampler struct {
	Config
	host      []byte    // Config.Host in JSON
	sequence  int64     // of the newest sample
	previous  *reading  // the beginning of the CPU window; nil when there is none
	failure   string    // what was last logged; empty while samples come
	failed    time.Time // when it was logged
	published atomic.Pointer[result]
	asked     atomic.Pointer[time.Time] // when the process table was last asked for; nil before the first time
}

// reading is what the source gave, and when.
type reading struct {
	vitals.Reading
	taken time.Time // with the monotonic clock
}

// result is what readers see: a snapshot, or the reason why there is none.
type result struct {
	snapshot *Snapshot
	err      error
	next     chan struct{} // closed when there is a newer result
}

// New makes a sampler. Its sequence begins at the clock in microseconds: as long as it counts fewer than a million
// samples a second, a restarted agent begins above every number that it has given before.
func New(config Config) *Sampler {
	host, err := json.Marshal(config.Host)
	if err != nil {
		panic(err) // JSON holds every string
	}
	s := &Sampler{Config: config, host: host, sequence: config.Wall().UnixMicro(), failure: errFirst.Error()}
	s.published.Store(&result{err: errFirst, next: make(chan struct{})})
	return s
}

// Latest is the newest snapshot, or the reason why there is none that is still true. It never blocks.
func (s *Sampler) Latest() (*Snapshot, error) { return s.current(s.published.Load()) }

// current is a result's snapshot, if it is still true.
func (s *Sampler) current(r *result) (*Snapshot, error) {
	if r.err != nil {
		return nil, r.err
	}
	if age := time.Since(r.snapshot.taken); age > maxAge*s.Interval {
		return nil, fmt.Errorf("the newest sample is %s old, more than three intervals of %s",
			age.Round(time.Millisecond), s.Interval)
	}
	return r.snapshot, nil
}

// Run takes a sample at every multiple of the interval on the wall clock, until ctx ends. It must run once only.
func (s *Sampler) Run(ctx context.Context) {
	tick := alignAfter(s.Wall(), s.Interval)
	for {
		if !sleep(ctx, tick.Sub(s.Wall())) {
			return
		}
		now := s.Wall()
		// The wall clock may run slower than the timer, or be set back a little: wait for the tick, or hora would
		// come twice. When it was set back by more, follow it.
		if early := tick.Sub(now); early > 0 && early <= s.Interval {
			continue
		}
		s.sample(now)
		last := tick
		tick = alignAfter(s.Wall(), s.Interval)
		if tick.Equal(last) { // set back since the tick
			tick = tick.Add(s.Interval)
		}
	}
}

// alignAfter is the first multiple of the interval after t, counted from 1970.
func alignAfter(t time.Time, interval time.Duration) time.Time {
	ns := t.UnixNano()
	return time.Unix(0, ns-ns%int64(interval)+int64(interval))
}

// sleep waits for d, and says whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// sample takes one reading at now and publishes what follows from it.
func (s *Sampler) sample(now time.Time) {
	taken := time.Now()
	values, err := s.Source.Read(s.tableWanted(taken))
	if err == nil && time.Since(taken) > maxAge*s.Interval {
		err = errLate // nobody knows which of its numbers are from when
	}
	if err != nil {
		s.previous = nil // a window over the gap would not be the last interval
		s.fail(err)
		return
	}
	previous, current := s.previous, &reading{Reading: values, taken: taken}
	s.previous = current
	if previous == nil {
		s.publish(&result{err: errFirst})
		return
	}
	// The counters of two sources are not comparable. Until the next reading the newest sample stays, if there is one.
	if previous.Fuente != current.Fuente {
		return
	}
	snapshot, err := s.snapshot(previous, current, now)
	if err != nil {
		s.fail(err)
		return
	}
	s.publish(&result{snapshot: snapshot})
	if s.failure != "" {
		s.failure = ""
		s.Log.Info("sampling", "interval", s.Interval.String(), "fuente", values.Fuente, "sequence", s.sequence)
	}
}

// publish shows readers a result, and wakes those who wait for one.
func (s *Sampler) publish(r *result) {
	r.next = make(chan struct{})
	close(s.published.Swap(r).next)
}

// fail publishes a reason and logs it, unless it is the one that was logged last, or another was a moment ago.
func (s *Sampler) fail(err error) {
	s.publish(&result{err: err})
	if reason := err.Error(); reason != s.failure && (s.failure == "" || time.Since(s.failed) >= quiet) {
		s.failure, s.failed = reason, time.Now()
		s.Log.Error("sampling_failed", "error", err)
	}
}

// snapshot computes and encodes the sample of the window between two readings.
func (s *Sampler) snapshot(from, to *reading, now time.Time) (*Snapshot, error) {
	window := to.taken.Sub(from.taken)
	if window > maxAge*s.Interval {
		return nil, errLate
	}
	values, err := compute(from.CPU, to.Reading)
	if err != nil {
		return nil, err
	}
	s.sequence++
	values.Hora = hora(now, s.Interval)
	values.Host, values.Fuente = s.Host, to.Fuente
	values.Secuencia = new(s.sequence)
	return newSnapshot(values, s.host, to, newTable(from.Processes, to.Processes, window)), nil
}

// hora is the tick at now: to the second, or to the millisecond where there are several in a second.
func hora(now time.Time, interval time.Duration) sample.Hora {
	if interval >= time.Second {
		now = now.Truncate(time.Second)
	}
	return sample.NewHora(now)
}
