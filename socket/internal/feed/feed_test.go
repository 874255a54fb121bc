package feed

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
	"github.com/pulso-lab/pulso/socket/internal/hub"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const patience = 20 * time.Second

// record keeps what a client was sent, and says when something is.
type record struct {
	mu     sync.Mutex
	ids    []int64 // of the rows that were news
	states []event.State
	loaded []int64 // ids of the last snapshot
	routes []event.RouteSecond
	change chan struct{}
}

// plain is a message that is not encoded.
type plain struct{ payload any }

func (plain) Size() int { return 1 }

func (r *record) send(m hub.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch payload := m.(plain).payload.(type) {
	case event.Samples:
		for _, row := range payload.Rows {
			r.ids = append(r.ids, row.ID)
		}
	case event.Status:
		r.states = append(r.states, payload.State)
	case event.Routes:
		r.routes = append(r.routes, payload.Seconds...)
	case event.Snapshot:
		r.loaded = nil
		for _, row := range payload.Rows {
			r.loaded = append(r.loaded, row.ID)
		}
		r.states = append(r.states, payload.Status.State)
		r.routes = payload.Routes
	}
	close(r.change)
	r.change = make(chan struct{})
	return nil
}

// await returns when what was broadcast satisfies.
func (r *record) await(t *testing.T, what string, satisfied func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		r.mu.Lock()
		ok, change := satisfied(), r.change
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-change:
		case <-deadline:
			t.Fatalf("not within %s: %s: %+v", patience, what, r)
		}
	}
}

// begin starts a feed on the database of s, and a client.
func begin(t *testing.T, s *store.Store) *record {
	t.Helper()
	news := hub.New(func(_ string, payload any) hub.Message { return plain{payload} }, s, time.Now)
	out := &record{change: make(chan struct{})}
	f := New(s, news, slog.New(slog.DiscardHandler))
	var running sync.WaitGroup
	running.Go(func() { f.Run(t.Context()) })
	running.Go(func() {
		if err := news.Stream(t.Context(), nil, out.send); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Cleanup(running.Wait) // the test's context ends before its clean-ups
	return out
}

func insert(t *testing.T, s *store.Store, n int) []int64 {
	t.Helper()
	samples := make([]sample.Sample, n)
	for i := range samples {
		samples[i].Hora = sample.NewHora(time.Unix(0, 0))
	}
	answer, err := s.Insert(t.Context(), store.Request{API: "api1", Samples: samples, Recibido: sample.NewRecibido(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	return answer.IDs
}

func TestWhatWasThereIsKnownAndWhatComesIsNews(t *testing.T) {
	s := storetest.New(t)
	old := insert(t, s, 3)
	out := begin(t, s)
	out.await(t, "the snapshot", func() bool { return slices.Equal(out.loaded, old) })
	fresh := insert(t, s, 2)
	out.await(t, "the news", func() bool { return slices.Equal(out.ids, fresh) })
	if want := []event.State{event.StateStale, event.StateLive}; !slices.Equal(out.states[len(out.states)-2:], want) {
		t.Errorf("states %v, want %v at the end", out.states, want)
	}
}

func TestARowThatWasOpenAtTheStartIsSeen(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := storetest.Plain(t, dsn)
	put := func(guardado string) *sql.Tx {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tx.ExecContext(t.Context(), `INSERT INTO samples VALUES (NULL, 1, 1, 0, 0, 0, 100, 1, 1, 0, 0, 0,
			'2026-03-01 12:00:00', 'vm', NULL, '', 'api1', '2026-03-01 12:00:00', `+guardado+`)`)
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	if err := put("NOW(6) - INTERVAL 1 HOUR").Commit(); err != nil { // id 1: settled
		t.Fatal(err)
	}
	late := put("NOW(6)") // id 2, open while the service starts
	if err := put("NOW(6)").Commit(); err != nil {
		t.Fatal(err)
	}
	out := begin(t, s)
	out.await(t, "the snapshot", func() bool { return slices.Equal(out.loaded, []int64{1, 3}) })
	if err := late.Commit(); err != nil {
		t.Fatal(err)
	}
	out.await(t, "the late row", func() bool { return slices.Equal(out.ids, []int64{2}) })
}

func TestADatabaseThatIsAwayIsSaidAndComesBack(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn) // without tables: every look fails
	out := begin(t, s)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	out.await(t, "the snapshot", func() bool { return slices.Contains(out.states, event.StateStale) })
	fresh := insert(t, s, 1)
	out.await(t, "the news", func() bool { return slices.Equal(out.ids, fresh) })

	db := storetest.Plain(t, dsn)
	if _, err := db.ExecContext(t.Context(), "RENAME TABLE samples TO hidden"); err != nil {
		t.Fatal(err)
	}
	out.await(t, "away", func() bool { return slices.Contains(out.states, event.StateAway) })
	if _, err := db.ExecContext(t.Context(), "RENAME TABLE hidden TO samples"); err != nil {
		t.Fatal(err)
	}
	more := insert(t, s, 1)
	out.await(t, "what came meanwhile", func() bool { return slices.Equal(out.ids, append(fresh, more...)) })
}

func TestTheRoutesSecondsOfAllInstancesAreOne(t *testing.T) {
	s := storetest.New(t)
	second := time.Now().UTC().Truncate(time.Second)
	write := func(instance string, requests int, latencies ...time.Duration) {
		t.Helper()
		r := store.RouteSecond{Second: second, API: "api2", Instance: instance, Writer: "batch", Requests: requests, Rows: 2 * requests}
		for _, l := range latencies {
			r.Latency.Observe(l)
		}
		if err := s.WriteRouteSeconds(t.Context(), []store.RouteSecond{r}); err != nil {
			t.Fatal(err)
		}
	}
	write("a", 1, time.Millisecond)
	out := begin(t, s)
	out.await(t, "the snapshot", func() bool { return len(out.routes) == 1 && out.routes[0].Requests == 1 })
	write("b", 10, time.Second)
	write("a", 3, time.Millisecond, time.Millisecond) // replaces its own
	out.await(t, "the sum", func() bool {
		last := out.routes[len(out.routes)-1]
		return last.Requests == 13 && last.Rows == 26 && last.Latency.Count() == 3 && last.Writer == "batch" && last.Second.Equal(second)
	})
}

// What an instance could not write for a while, or what a migration touched, is not what happens now.
func TestSecondsThatCameLateAreOfThePast(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	write := func(api string, age time.Duration) {
		t.Helper()
		r := store.RouteSecond{Second: time.Now().UTC().Add(-age).Truncate(time.Second), API: api, Instance: "a", Writer: "batch", Requests: 1}
		if err := s.WriteRouteSeconds(t.Context(), []store.RouteSecond{r}); err != nil {
			t.Fatal(err)
		}
	}
	write("api1", 10*time.Minute)
	write("api2", 0)
	out := begin(t, s)
	out.await(t, "the snapshot", func() bool { return len(out.routes) == 1 && out.routes[0].API == "api2" })
	write("late", 10*time.Minute)
	write("now", 0)
	out.await(t, "the news", func() bool { return len(out.routes) == 2 && out.routes[1].API == "now" })
}
