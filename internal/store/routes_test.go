package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// second is a route's second that is unlike every other.
func second(api, instance string, at, requests int) store.RouteSecond {
	r := store.RouteSecond{
		Second: noon.Add(time.Duration(at) * time.Second), API: api, Instance: instance, Writer: "direct",
		Requests: requests, Rows: requests * 3, Errors: at,
	}
	for i := range requests {
		r.Latency.Observe(time.Duration(i*i) * time.Millisecond)
	}
	return r
}

func routeSeconds(t *testing.T, s *store.Store, from, to, limit int) []store.RouteSecond {
	t.Helper()
	read, err := s.RouteSeconds(t.Context(), noon.Add(time.Duration(from)*time.Second), noon.Add(time.Duration(to)*time.Second), limit)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestRouteSecondsComeBackInOrder(t *testing.T) {
	s := storetest.New(t)
	want := []store.RouteSecond{
		second("api1", "a-1", 0, 100), second("api1", "a-2", 0, 7), second("api2", "A-1", 0, 3), second("api2", "A-1", 1, 0),
		second("api1", "A-1", 2, 1), second("api1", strings.Repeat("i", 64), 2, 2),
	}
	shuffled := slices.Clone(want)
	slices.Reverse(shuffled)
	if err := s.WriteRouteSeconds(t.Context(), shuffled); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		from, to, limit int
		want            []store.RouteSecond
	}{
		{0, 3, 100, want}, {0, 2, 100, want[:4]}, {1, 2, 100, want[3:4]}, {1, 3, 2, want[3:5]}, {3, 9, 100, nil}, {2, 1, 100, nil},
	} {
		if got := routeSeconds(t, s, test.from, test.to, test.limit); !slices.Equal(got, test.want) {
			t.Errorf("seconds %d to %d, at most %d:\ngot  %v\nwant %v", test.from, test.to, test.limit, got, test.want)
		}
	}
}

func TestASecondIsReplacedAndNeverAdded(t *testing.T) {
	s := storetest.New(t)
	other := second("api2", "a", 0, 5)
	complete := second("api1", "a", 0, 12)
	complete.Writer = "batch"
	for _, written := range [][]store.RouteSecond{
		{second("api1", "a", 0, 4), other}, {second("api1", "a", 0, 4)}, {complete}, {complete}, nil,
	} {
		if err := s.WriteRouteSeconds(t.Context(), written); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := routeSeconds(t, s, 0, 1, 100), []store.RouteSecond{complete, other}; !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestRouteSecondsAreBounded(t *testing.T) {
	s := storetest.New(t)
	all := make([]store.RouteSecond, store.MaxRouteSeconds+1)
	for i := range all {
		all[i] = second("api1", "a", i, 40)
	}
	if err := s.WriteRouteSeconds(t.Context(), all); err == nil || !strings.Contains(err.Error(), "1001") {
		t.Errorf("one too many: %v", err)
	}
	if err := s.WriteRouteSeconds(t.Context(), all[1:]); err != nil {
		t.Error(err)
	}
	if got := routeSeconds(t, s, 0, 2*len(all), 2*len(all)); !slices.Equal(got, all[1:]) {
		t.Errorf("%d seconds came back", len(got))
	}
}

func TestAHistogramThatIsNoneIsNamed(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteRouteSeconds(t.Context(), []store.RouteSecond{second("api1", "a-1", 0, 1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.Plain(t, dsn).ExecContext(t.Context(), "UPDATE route_stats SET latency = '[[155, 1]]'"); err != nil {
		t.Fatal(err)
	}
	_, err := s.RouteSeconds(t.Context(), noon, noon.Add(time.Second), 1)
	if err == nil || !strings.Contains(err.Error(), "api1, a-1 at 2026-03-01 12:00:00") || !strings.Contains(err.Error(), "bucket 155") {
		t.Errorf("%v", err)
	}
}
