package rollup

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
	"github.com/pulso-lab/pulso/internal/store"
)

// total is a line of a routes_by_ table.
type total struct {
	writer                 string
	requests, rows, errors int64
	latency                latency.Histogram
}

type routeKey struct {
	api      string
	recibido time.Time
}

func (w *world) totals(table string) map[routeKey]total {
	w.t.Helper()
	rows, err := w.db.QueryContext(w.t.Context(), "SELECT recibido, api, writer, requests, stored_rows, errors, latency FROM "+table)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	all := map[routeKey]total{}
	for rows.Next() {
		var at routeKey
		var recibido string
		var n total
		var histogram []byte
		if err := rows.Scan(&recibido, &at.api, &n.writer, &n.requests, &n.rows, &n.errors, &histogram); err != nil {
			w.t.Fatal(err)
		}
		if err := json.Unmarshal(histogram, &n.latency); err != nil {
			w.t.Fatal(err)
		}
		at.recibido = parse(w.t, recibido)
		all[at] = n
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// checkRoutes fails unless the rollups are the sums of these seconds.
func (w *world) checkRoutes(seconds []store.RouteSecond) {
	w.t.Helper()
	for table, unit := range map[string]time.Duration{"routes_by_minute": time.Minute, "routes_by_hour": time.Hour, "routes_by_day": 24 * time.Hour} {
		want := map[routeKey]total{}
		for _, s := range seconds {
			at := routeKey{s.API, s.Second.Truncate(unit)}
			n := want[at]
			n.writer = s.Writer
			n.requests, n.rows, n.errors = n.requests+int64(s.Requests), n.rows+int64(s.Rows), n.errors+int64(s.Errors)
			n.latency.Merge(&s.Latency)
			want[at] = n
		}
		if got := w.totals(table); !maps.Equal(got, want) {
			w.t.Errorf("%s:\ngot  %v\nwant %v", table, got, want)
		}
	}
}

// secondOf is a random second of a route.
func secondOf(random *rand.Rand, span int) store.RouteSecond {
	s := store.RouteSecond{
		Second: noon.Add(time.Duration(random.IntN(span)) * time.Second), API: "api1", Writer: "direct",
		Instance: fmt.Sprint(random.IntN(3), " ", random.Uint64()), Requests: 1 + random.IntN(9), Rows: random.IntN(9), Errors: random.IntN(3),
	}
	if random.IntN(2) == 0 {
		s.API, s.Writer = "api2", "batch"
	}
	s.Latency.Observe(time.Duration(random.IntN(1000)) * time.Millisecond)
	return s
}

// Seconds are written again, with more requests, until they are complete.
func TestTheRoutesAreSummedUp(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("a", always)
	random := rand.New(rand.NewPCG(2, 2))
	var all []store.RouteSecond
	for range 20 {
		for range 30 {
			all = append(all, secondOf(random, 2*3600))
		}
		for range 30 {
			again := &all[random.IntN(len(all))]
			again.Requests, again.Rows, again.Errors = again.Requests+1, again.Rows+2, again.Errors+1
			again.Latency.Observe(time.Second)
		}
		if err := w.store.WriteRouteSeconds(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		w.settle(k)
	}
	w.checkRoutes(all)
}

// What was written long ago is worked off, across the hours in which nothing was written.
func TestABacklogOfRoutes(t *testing.T) {
	w := newWorld(t)
	random := rand.New(rand.NewPCG(3, 3))
	var all []store.RouteSecond
	for hour := range 3 {
		for range 400 {
			s := secondOf(random, 3600)
			s.Second = s.Second.Add(time.Duration(5*hour) * time.Hour)
			all = append(all, s)
		}
	}
	for half := range 2 {
		if err := w.store.WriteRouteSeconds(t.Context(), all[600*half:600*half+600]); err != nil {
			t.Fatal(err)
		}
	}
	w.exec("UPDATE route_stats SET guardado = recibido + INTERVAL 2 SECOND")
	k := w.keeper("a", always)
	w.settle(k)
	w.checkRoutes(all)
	if until := w.number("SELECT routes = (SELECT MAX(guardado) FROM route_stats) FROM rollups"); until != 1 {
		t.Error("rollups.routes is not the newest change")
	}
	if more, err := k.routes.step(t.Context()); err != nil || more || len(k.routes.open(k.routes.known)) > 0 {
		t.Errorf("more %t, %v: nothing has changed", more, err)
	}
}

func TestAChangeThatIsSeenLateIsSummedUp(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("a", always)
	first := secondOf(rand.New(rand.NewPCG(4, 4)), 60)
	late := first
	late.Instance = "z"
	for _, s := range []store.RouteSecond{first, late} {
		if err := w.store.WriteRouteSeconds(t.Context(), []store.RouteSecond{s}); err != nil {
			t.Fatal(err)
		}
		w.exec("UPDATE route_stats SET guardado = ? WHERE instance = ?", noon, s.Instance)
		if s.Instance == "z" { // written before the other one, and committed after it
			w.exec("UPDATE route_stats SET guardado = ? WHERE instance = 'z'", noon.Add(-50*time.Second))
		}
		w.settle(k)
	}
	w.checkRoutes([]store.RouteSecond{first, late})
}

func TestRetiredSecondsAreNotForgotten(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("a", always)
	random := rand.New(rand.NewPCG(5, 5))
	var all []store.RouteSecond
	for range 40 {
		all = append(all, secondOf(random, 60))
	}
	if err := w.store.WriteRouteSeconds(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	w.settle(k)
	w.exec("DELETE FROM route_stats WHERE recibido > ?", noon.Add(10*time.Second))
	w.exec("UPDATE route_stats SET guardado = NOW(6)")
	w.settle(k)
	w.checkRoutes(all)
}
