package stats

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// unsure is a database that stores and then says that it did not know.
type unsure struct{ *store.Store }

func (d unsure) WriteRouteSeconds(ctx context.Context, seconds []store.RouteSecond) error {
	return errors.Join(d.Store.WriteRouteSeconds(ctx, seconds), errors.New("the connection died"))
}

// TestLateAndRepeated: in the real table a request that ends late and a write that is repeated count once.
func TestLateAndRepeated(t *testing.T) {
	db := storetest.New(t)
	c := clock{noon}
	r := New("api2", "batch", "a-1", c.now)
	want := store.RouteSecond{Second: noon, API: "api2", Instance: "a-1", Writer: "batch", Requests: 1, Rows: 1, Latency: of(10)}
	r.Stored(at(0.5), at(0.51), 1)
	if err := r.write(t.Context(), unsure{db}, time.Minute); err == nil || !strings.HasSuffix(err.Error(), "the connection died") {
		t.Fatal(err)
	}
	expect(t, db, want)
	write(t, r, db)
	expect(t, db, want)
	c.t = at(15)
	r.Stored(at(0.2), at(15.2), 5)
	r.Failed(at(0.3))
	write(t, r, db)
	want.Requests, want.Rows, want.Errors, want.Latency = 3, 6, 1, of(10, 15_000)
	expect(t, db, want)
	c.t = at(1000)
	write(t, r, db) // forgets
	if len(r.seconds) != 0 {
		t.Fatalf("%d seconds are remembered", len(r.seconds))
	}
	r.Stored(at(0.4), at(1000), 1) // late beyond memory
	write(t, r, db)
	again := store.RouteSecond{Second: noon, API: "api2", Instance: "a-1~1", Writer: "batch", Requests: 1, Rows: 1, Latency: of(999_600)}
	expect(t, db, want, again)
}

func expect(t *testing.T, db *store.Store, want ...store.RouteSecond) {
	t.Helper()
	got := storetest.RouteSeconds(t, db)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// busy is a database during whose write another request is answered.
type busy struct {
	*table
	answer func()
}

func (d busy) WriteRouteSeconds(ctx context.Context, seconds []store.RouteSecond) error {
	d.answer()
	return d.table.WriteRouteSeconds(ctx, seconds)
}

func TestARequestDuringTheWriteIsInTheNext(t *testing.T) {
	r := New("api1", "direct", "a", func() time.Time { return noon })
	var db table
	r.Answered(noon)
	write(t, r, busy{&db, func() { r.Answered(noon) }})
	write(t, r, &db)
	if c, _ := db.sum(); c.requests != 2 || db.calls != 2 {
		t.Errorf("%d requests are written in %d statements", c.requests, db.calls)
	}
}

// run runs r until the returned function ends it and has waited for it.
func run(r *Recorder, db Database) (log *bytes.Buffer, end func()) {
	log = new(bytes.Buffer)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { r.Run(ctx, db, slog.New(slog.NewTextHandler(log, nil))) })
	return log, func() { cancel(); done.Wait() }
}

// events are the messages of a log, in order.
func events(log *bytes.Buffer) string {
	var all []string
	for line := range strings.Lines(log.String()) {
		_, message, _ := strings.Cut(line, "msg=")
		message, _, _ = strings.Cut(message, " ")
		all = append(all, message)
	}
	return strings.Join(all, " ")
}

func (d *table) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func (d *table) sum() (c counts, seconds int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return sum(slices.Collect(maps.Values(d.rows))), len(d.rows)
}

// TestTheDatabaseGoesAndComesBack after ten minutes and half of one; ten are kept.
func TestTheDatabaseGoesAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New("api1", "direct", "a", time.Now)
		var db table
		log, end := run(r, &db)
		second := func(n int) {
			for range n {
				r.Stored(time.Now(), time.Now(), 1)
				time.Sleep(time.Second)
			}
		}
		time.Sleep(time.Second / 2) // between the ticks
		second(100)
		synctest.Wait()
		if c, n := db.sum(); n != 100 || c.requests != 100 || log.Len() > 0 {
			t.Errorf("%d requests of %d seconds are written; the log says %s", c.requests, n, log)
		}
		db.fail(errors.New("away"))
		second(630)
		db.fail(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		c, n := db.sum()
		if n != 700 || c.requests != 700 || r.lost != 30 {
			t.Errorf("%d requests of %d seconds are written, %d seconds are lost", c.requests, n, r.lost)
		}
		if got := events(log); got != "statistics_not_written statistics_written_again" || !strings.Contains(log.String(), "lost_seconds=30") {
			t.Errorf("the log says %s", log)
		}
		second(2)
		end()
		if _, n := db.sum(); n != 702 || events(log) != "statistics_not_written statistics_written_again" {
			t.Errorf("%d seconds are written; the log says %s", n, log)
		}
	})
}

func TestTheEndIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New("api1", "direct", "a", time.Now)
		var db table
		log, end := run(r, &db)
		time.Sleep(1200 * time.Millisecond)
		r.Stored(time.Now(), time.Now(), 1)
		end()
		if c, _ := db.sum(); c.requests != 1 || log.Len() > 0 {
			t.Errorf("%d requests are written; the log says %s", c.requests, log)
		}
	})
}

func TestTheEndFindsTheDatabaseBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New("api1", "direct", "a", time.Now)
		db := table{err: errors.New("away")}
		log, end := run(r, &db)
		r.Stored(time.Now(), time.Now(), 1)
		time.Sleep(3500 * time.Millisecond)
		db.fail(nil)
		end()
		if c, _ := db.sum(); c.requests != 1 || events(log) != "statistics_not_written statistics_written_again" {
			t.Errorf("%d requests are written; the log says %s", c.requests, log)
		}
	})
}

// stuck is a database that does not answer.
type stuck struct{}

func (stuck) WriteRouteSeconds(ctx context.Context, _ []store.RouteSecond) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestADatabaseThatHangsHoldsTheEndForTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New("api1", "direct", "a", time.Now)
		log, end := run(r, stuck{})
		r.Stored(time.Now(), time.Now(), 1)
		time.Sleep(3 * time.Second) // a write has begun
		r.Stored(time.Now(), time.Now(), 1)
		before := time.Now()
		end()
		if took := time.Since(before); took != 2*time.Second || events(log) != "statistics_lost" {
			t.Errorf("the end took %s; the log says %s", took, log)
		}
	})
}

// TestAStoreWhoseDatabaseIsNotThereYet: the real pool, which finds the tables missing and then there.
func TestAStoreWhoseDatabaseIsNotThereYet(t *testing.T) {
	db := storetest.Open(t, storetest.DSN(t))
	r := New("api1", "direct", "a-1", func() time.Time { return noon })
	r.Stored(noon, at(0.01), 1)
	if err := r.write(t.Context(), db, time.Minute); err == nil || !strings.Contains(err.Error(), "route_stats") {
		t.Errorf("without tables: %v", err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, r, db)
	expect(t, db, store.RouteSecond{Second: noon, API: "api1", Instance: "a-1", Writer: "direct", Requests: 1, Rows: 1, Latency: of(10)})
}
