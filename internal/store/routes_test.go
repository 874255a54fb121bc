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

func TestRouteSecondsComeBackAsTheyWere(t *testing.T) {
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
	if got := storetest.RouteSeconds(t, s); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestOnlyWhatChangedIsReadAgain(t *testing.T) {
	s := storetest.New(t)
	if newest, err := s.NewestRouteChange(t.Context()); err != nil || newest.Unix() != 0 {
		t.Errorf("%s of no second, %v", newest, err)
	}
	write := func(r store.RouteSecond) time.Time {
		t.Helper()
		if err := s.WriteRouteSeconds(t.Context(), []store.RouteSecond{r}); err != nil {
			t.Fatal(err)
		}
		newest, err := s.NewestRouteChange(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return newest
	}
	write(second("api1", "a", 0, 1))
	write(second("api1", "a", 1, 1))
	replaced := second("api1", "a", 0, 2)
	since := write(replaced)
	changes, err := s.RouteChanges(t.Context(), since, 10)
	if err != nil || len(changes) != 1 || changes[0] != (store.RouteChange{RouteSecond: replaced, Guardado: since}) {
		t.Errorf("%v, %v", changes, err)
	}
	if changes, err := s.RouteChanges(t.Context(), time.Unix(0, 0), 1); err != nil || len(changes) != 1 || changes[0].RouteSecond != replaced {
		t.Errorf("the newest change: %v, %v", changes, err)
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
	if got, want := storetest.RouteSeconds(t, s), []store.RouteSecond{complete, other}; !slices.Equal(got, want) {
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
	if got := storetest.RouteSeconds(t, s); !slices.Equal(got, all[1:]) {
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
	_, err := s.RouteChanges(t.Context(), time.Unix(0, 0), 1)
	if err == nil || !strings.Contains(err.Error(), "api1, a-1 at 2026-03-01 12:00:00") || !strings.Contains(err.Error(), "bucket 155") {
		t.Errorf("%v", err)
	}
}
