package stats

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a wall clock that a test sets.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

// table is a database in memory: what is written again is replaced.
type table struct {
	mu    sync.Mutex
	rows  map[key]store.RouteSecond
	calls int
	err   error // instead of storing
}

type key struct {
	second        time.Time
	api, instance string
}

func (d *table) WriteRouteSeconds(_ context.Context, seconds []store.RouteSecond) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	if d.err != nil {
		return d.err
	}
	if d.rows == nil {
		d.rows = make(map[key]store.RouteSecond)
	}
	for _, s := range seconds {
		d.rows[key{s.Second, s.API, s.Instance}] = s
	}
	return nil
}

// sum adds all rows up.
func sum(rows []store.RouteSecond) (c counts) {
	for _, r := range rows {
		c.add(&counts{requests: r.Requests, rows: r.Rows, errors: r.Errors, latency: r.Latency})
	}
	return c
}

func TestRequestsCountInTheSecondOfTheirReceipt(t *testing.T) {
	c := clock{noon}
	r := New("api1", "direct", "a-1", c.now)
	r.Stored(at(0.999), at(1.2), 3)
	r.Stored(at(0), at(0.01), 1)
	r.Answered(at(0.5))
	r.Failed(at(0.5))
	r.Failed(at(1))
	r.Stored(at(2), at(1.9), 1) // the clock went back meanwhile
	_, rows := r.changed(noon.Unix())
	want := []store.RouteSecond{
		{Second: noon, API: "api1", Instance: "a-1", Writer: "direct", Requests: 4, Rows: 4, Errors: 1, Latency: of(201, 10)},
		{Second: at(1), API: "api1", Instance: "a-1", Writer: "direct", Requests: 1, Errors: 1},
		{Second: at(2), API: "api1", Instance: "a-1", Writer: "direct", Requests: 1, Rows: 1, Latency: of(0)},
	}
	if !slices.Equal(rows, want) {
		t.Errorf("got  %v\nwant %v", rows, want)
	}
	if got := sum(rows); got != r.total || math.Abs(r.took-0.211) > 1e-6 {
		t.Errorf("the totals are %v in %v s, the seconds add up to %v", r.total, r.took, got)
	}
}

// of is a histogram of latencies in ms.
func of(millis ...int) (h latency.Histogram) {
	for _, ms := range millis {
		h.Observe(time.Duration(ms) * time.Millisecond)
	}
	return h
}

// TestAnyClock: whatever the clock does, what the database has in the end is every request once.
func TestAnyClock(t *testing.T) {
	for seed := range uint64(15) {
		random := rand.New(rand.NewPCG(seed, 0))
		c := clock{noon}
		r := New("api1", "direct", "a", c.now)
		var db table
		for range 3000 {
			switch random.IntN(40) {
			case 0:
				c.t = c.t.Add(time.Duration(random.IntN(7200)-3600) * time.Second)
			case 1:
				c.t = noon.AddDate(random.IntN(20000)-4000, 0, 0) // before 1970, after 9999
			case 2, 3, 4, 5:
				c.t = noon
			default:
				c.t = c.t.Add(time.Duration(random.IntN(2000)) * time.Millisecond)
			}
			received := c.t.Add(-time.Duration(random.IntN(15_000)) * time.Millisecond)
			r.Stored(received, c.t, 2)
			r.Answered(received)
			if random.IntN(3) == 0 {
				write(t, r, &db)
			}
		}
		c.t = noon
		write(t, r, &db)
		write(t, r, &db)
		for unix := range r.seconds {
			if off := unix - noon.Unix(); off < -remember || off > remember {
				t.Errorf("seed %d: a second that is %d s away is remembered", seed, off)
			}
		}
		written := sum(slices.Collect(maps.Values(db.rows)))
		if r.lost > 0 || written != r.total || written.requests != 6000 || written.latency.Count() != 3000 {
			t.Errorf("seed %d: %d seconds lost, %d requests written of %d", seed, r.lost, written.requests, r.total.requests)
		}
		for k := range db.rows {
			if year := k.second.Year(); year < 1970 || year > 9999 || k.second.Nanosecond() != 0 {
				t.Errorf("seed %d: the database would refuse %s", seed, k.second)
			}
		}
	}
}

// TestAClockThatGoesBack begins one new life, not one for every second that it repeats.
func TestAClockThatGoesBack(t *testing.T) {
	c := clock{noon}
	r := New("api1", "direct", "a", c.now)
	var db table
	for range 2 {
		for range 300 {
			r.Answered(c.t)
			write(t, r, &db)
			c.t = c.t.Add(time.Second)
		}
		c.t = noon
	}
	requests := make(map[string]int)
	for _, row := range db.rows {
		requests[row.Instance] += row.Requests
	}
	// The seconds that are still remembered when the clock goes back are counted on in their first life.
	if len(requests) != 2 || requests["a"]+requests["a~1"] != 600 || requests["a~1"] < 300-remember-2 {
		t.Errorf("%v", requests)
	}
}

// TestMemoryIsBounded where every request comes from another second, and none is written.
func TestMemoryIsBounded(t *testing.T) {
	for name, step := range map[string]int{"forward": 7, "backward": -7} {
		r := New("api1", "direct", "a", func() time.Time { return noon })
		for i := range 5000 {
			r.Answered(at(float64(i * step)))
			if len(r.seconds) > maxSeconds {
				t.Fatalf("%s: %d seconds are remembered", name, len(r.seconds))
			}
		}
		var db table
		write(t, r, &db)
		if len(db.rows) != maxSeconds || r.lost != 5000-maxSeconds || r.total.requests != 5000 {
			t.Errorf("%s: %d seconds written, %d lost", name, len(db.rows), r.lost)
		}
		if _, ok := db.rows[key{at(4400 * 7), "api1", "a"}]; ok != (step > 0) {
			t.Errorf("%s: what was kept is not the newest", name)
		}
	}
}

func write(t *testing.T, r *Recorder, db Database) {
	t.Helper()
	if err := r.write(t.Context(), db, time.Minute); err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsWrittenIsForgotten, but only when nothing more can come.
func TestWhatIsWrittenIsForgotten(t *testing.T) {
	c := clock{noon}
	r := New("api1", "direct", "a", c.now)
	var db table
	for range 1000 {
		r.Answered(c.t)
		write(t, r, &db)
		c.t = c.t.Add(time.Second)
	}
	if n := len(r.seconds); n < remember || n > remember+2 {
		t.Errorf("%d seconds are remembered", n)
	}
	if len(db.rows) != 1000 || db.calls != 1000 {
		t.Errorf("%d seconds in %d statements", len(db.rows), db.calls)
	}
	write(t, r, &db)
	if db.calls != 1000 {
		t.Error("what had not changed was written again")
	}
}

func TestRecordingTakesNoMemory(t *testing.T) {
	r := New("api1", "direct", "a", func() time.Time { return noon })
	for name, record := range map[string]func(){
		"Stored":   func() { r.Stored(noon, at(0.01), 1) },
		"Answered": func() { r.Answered(noon) },
		"Failed":   func() { r.Failed(noon) },
	} {
		if n := testing.AllocsPerRun(1000, record); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// BenchmarkStored is what the request path pays while the seconds are written beside it.
func BenchmarkStored(b *testing.B) {
	r := New("api1", "direct", "a", time.Now)
	ctx, end := context.WithCancel(b.Context())
	var done sync.WaitGroup
	done.Go(func() { r.Run(ctx, &table{}, nil) })
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		received := time.Now()
		for took := time.Duration(0); pb.Next(); took += 10 * time.Microsecond {
			r.Stored(received, received.Add(took%time.Second), 1)
		}
	})
	end()
	done.Wait()
}
