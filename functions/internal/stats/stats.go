// Package stats counts what one instance of a route does, so that the two routes can be compared: requests, rows,
// errors, and the latencies from receipt to commit, by the second of receipt.
//
// The request path pays one short lock. Beside it, Run writes each second that changed to the database, always as a
// whole, so that a write may be repeated and a request that ends late only replaces what was written. Whoever needs
// percentiles of several instances or seconds merges their histograms. The totals since the start, and the last
// minute, are answered from memory: to people by ServeStats, to Prometheus by ServeMetrics.
//
// A second can be written as long as all of it is remembered, so what is forgotten stays closed. A request of a closed
// second (the clock went back, or the request took longer than anything is remembered) begins a new life of the
// instance, with a name of its own in the table: nothing that was written is written over, nothing counts twice.
package stats

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
)

const (
	remember   = 80              // seconds before and after now: the minute of ServeStats, and longer than any request takes
	maxSeconds = 600             // remembered at most; while the database is away, the last ten minutes
	lastSecond = 253_402_300_799 // the end of the year 9999, and of what the database takes
)

// Gauge is a level that the caller knows, such as the requests that wait in a queue.
type Gauge struct {
	Name string // one word of lower-case letters; the metrics are pulso_ingest_NAME and pulso_ingest_NAME_limit
	Help string // what is counted, a sentence
	Read func() (level, limit int)
}

// Recorder counts one instance of a route. Its methods may be called from several goroutines, but for Run, which is
// called once.
type Recorder struct {
	api, writer, instance string
	now                   func() time.Time
	start                 time.Time
	gauges                []Gauge

	mu      sync.Mutex
	total   counts
	took    float64           // seconds, the sum of all latencies
	seconds map[int64]*second // by Unix time
	life    int               // of the instance
	closed  int64             // this second and those before, unless they are in seconds, are over in this life
	lost    int               // seconds that were dropped unwritten
}

// counts is what happened to some requests.
type counts struct {
	requests, rows, errors int
	latency                latency.Histogram
}

func (c *counts) add(other *counts) {
	c.requests += other.requests
	c.rows += other.rows
	c.errors += other.errors
	c.latency.Merge(&other.latency)
}

// second is one row of the table. As every event counts a request, it has changed when their number has.
type second struct {
	counts
	life    int // in which it is counted
	written int // requests of it that are in the database
}

func (s *second) changed() bool { return s.requests != s.written }

// New starts to count for the route api, which writes by writer (direct or batch), in the process that instance names.
func New(api, writer, instance string, now func() time.Time, gauges ...Gauge) *Recorder {
	return &Recorder{
		api: api, writer: writer, instance: instance, now: now, start: now(), gauges: gauges,
		seconds: make(map[int64]*second), closed: -1,
	}
}

// Stored counts a request whose samples were committed just now; rows is their number.
func (r *Recorder) Stored(received, committed time.Time, rows int) {
	took := max(committed.Sub(received), 0)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.countLocked(received) {
		c.rows += rows
		c.latency.Observe(took)
	}
	r.took += took.Seconds()
}

// Answered counts a request that stored nothing, and by no fault of the service: a retry that got the first answer, or
// one that was refused with a status in the 400s.
func (r *Recorder) Answered(received time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.countLocked(received)
}

// Failed counts a request that got a status of 500 or above.
func (r *Recorder) Failed(received time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.countLocked(received) {
		c.errors++
	}
}

// countLocked counts a request in the totals and in its second, and returns both for the rest.
func (r *Recorder) countLocked(received time.Time) [2]*counts {
	both := [2]*counts{&r.total, &r.secondLocked(received.Unix()).counts}
	for _, c := range both {
		c.requests++
	}
	return both
}

func (r *Recorder) secondLocked(at int64) *second {
	at = min(max(at, 0), lastSecond)
	if s, ok := r.seconds[at]; ok {
		return s
	}
	if at <= r.closed {
		r.life++
		r.closed = -1
	}
	if len(r.seconds) == maxSeconds {
		r.dropLocked()
	}
	s := &second{life: r.life}
	r.seconds[at] = s
	return s
}

// dropLocked makes room. The oldest second is one that was written, unless all were not.
func (r *Recorder) dropLocked() {
	oldest := slices.Min(slices.Collect(maps.Keys(r.seconds)))
	if r.seconds[oldest].changed() {
		r.lost++
	}
	r.forgetLocked(oldest)
}

// forgetLocked closes a second for the life in which it was counted.
func (r *Recorder) forgetLocked(at int64) {
	if r.seconds[at].life == r.life {
		r.closed = max(r.closed, at)
	}
	delete(r.seconds, at)
}
