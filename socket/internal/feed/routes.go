package feed

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/latency"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	// An instance writes a second in one statement, which waits for a lock no longer than this: what it changed can
	// become visible so much later than its time says.
	routesOverlap = 10 * time.Second
	maxChanges    = 20_000 // read at once, the newest: what is left out is in the history
)

// routes is the routes' seconds that changed in the last event.WindowSeconds of the database's time.
type routes struct {
	seconds map[routeSecond]map[string]store.RouteChange // by instance
	newest  time.Time                                    // the newest change
}

// routeSecond names a second of a route.
type routeSecond struct {
	second int64 // Unix
	api    string
}

// read answers the seconds that are new or changed since the last call, in order.
func (r *routes) read(ctx context.Context, db *store.Store) ([]event.RouteSecond, error) {
	since := r.newest.Add(-routesOverlap)
	if r.seconds == nil {
		newest, err := db.NewestRouteChange(ctx)
		if err != nil {
			return nil, err
		}
		r.newest, since = newest, newest.Add(-event.WindowSeconds*time.Second)
	}
	changes, err := db.RouteChanges(ctx, since, maxChanges)
	if err != nil {
		return nil, err
	}
	if r.seconds == nil {
		r.seconds = map[routeSecond]map[string]store.RouteChange{}
	}
	changed := map[routeSecond]bool{}
	for _, c := range changes {
		if c.Guardado.After(r.newest) {
			r.newest = c.Guardado
		}
		if c.Guardado.Sub(c.Second) > event.WindowSeconds*time.Second { // written late: of the past only
			continue
		}
		name := routeSecond{c.Second.Unix(), c.API}
		instances := r.seconds[name]
		if instances == nil {
			instances = map[string]store.RouteChange{}
			r.seconds[name] = instances
		}
		if instances[c.Instance] != c {
			instances[c.Instance] = c
			changed[name] = true
		}
	}
	r.forget()
	return r.sums(func(name routeSecond) bool { return changed[name] }), nil
}

// forget drops the seconds that have not changed for the length of the window.
func (r *routes) forget() {
	for name, instances := range r.seconds {
		young := false
		for _, s := range instances {
			young = young || r.newest.Sub(s.Guardado) <= event.WindowSeconds*time.Second
		}
		if !young {
			delete(r.seconds, name)
		}
	}
}

// all is every second that is kept, in order.
func (r *routes) all() []event.RouteSecond { return r.sums(func(routeSecond) bool { return true }) }

// sums adds the instances of the chosen seconds up.
func (r *routes) sums(chosen func(routeSecond) bool) []event.RouteSecond {
	all := []event.RouteSecond{}
	for name, instances := range r.seconds {
		if !chosen(name) {
			continue
		}
		sum := event.RouteSecond{Second: sample.NewHora(time.Unix(name.second, 0)), RouteStats: event.RouteStats{API: name.api}}
		var spent latency.Histogram
		for _, s := range instances {
			sum.Writer = max(sum.Writer, s.Writer) // they are the same but for a moment in which the route is changed
			sum.Requests += int64(s.Requests)
			sum.Rows += int64(s.Rows)
			sum.Errors += int64(s.Errors)
			spent.Merge(&s.Latency)
		}
		sum.Latency = spent
		all = append(all, sum)
	}
	slices.SortFunc(all, func(a, b event.RouteSecond) int {
		return cmp.Or(a.Second.Compare(b.Second.Time), cmp.Compare(a.API, b.API))
	})
	return all
}
