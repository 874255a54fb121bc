package store_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var received = sample.NewRecibido(time.Date(2026, 3, 1, 12, 10, 0, 123456000, time.UTC))

func recording(t *testing.T) []sample.Sample {
	t.Helper()
	samples, err := sample.Decode(golden.RecordingJSON())
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func TestInsertAndReadBackTheGoldenRecording(t *testing.T) {
	s := storetest.New(t)
	samples := recording(t)
	answer, err := s.Insert(t.Context(), store.Request{API: "api1", Samples: samples, Recibido: received})
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now().UTC().Add(-time.Minute)
	rows, err := s.RowsAfter(t.Context(), 0, nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(samples) || len(answer.IDs) != len(samples) || answer.API != "api1" {
		t.Fatalf("%d rows and answer %+v for %d samples", len(rows), answer, len(samples))
	}
	for i, row := range rows {
		if row.ID != answer.IDs[i] || row.API != "api1" || row.Recibido != received {
			t.Errorf("row %d: id %d, api %s, recibido %s; the answer said %d", i, row.ID, row.API, row.Recibido, answer.IDs[i])
		}
		if row.Guardado.Before(before) || row.Guardado.After(before.Add(2*time.Minute)) {
			t.Errorf("row %d: guardado %s is not the time of the INSERT in UTC", i, row.Guardado)
		}
		if got, want := encode(t, row.Sample), encode(t, samples[i]); got != want {
			t.Errorf("row %d:\ngot  %s\nwant %s", i, got, want)
		}
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestExtremesSurviveTheDatabase(t *testing.T) {
	s := storetest.New(t)
	extreme := sample.Sample{
		TotalRAM: sample.MaxInteger, RAMLibre: sample.MaxInteger, PorcentajeRAM: 33.333333333333336, PorcentajeCPUUso: 5e-324,
		PorcentajeCPULibre: 100, TotalProcesos: sample.MaxInteger, Secuencia: new(int64(sample.MaxInteger)),
		Host: strings.Repeat("ñ", 126) + "a", Fuente: sample.FuenteProcfs,
	}
	for _, hora := range []string{"1970-01-01 00:00:00", "9999-12-31 23:59:59.999"} {
		var err error
		if extreme.Hora, err = sample.ParseHora(hora); err != nil {
			t.Fatal(err)
		}
		answer, err := s.Insert(t.Context(), store.Request{API: "api2", Samples: []sample.Sample{extreme}, Recibido: received})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := s.RowsAfter(t.Context(), answer.IDs[0]-1, nil, 1)
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		if got, want := encode(t, rows[0].Sample), encode(t, extreme); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestIdsOfConcurrentBatchesAreTheirOwn(t *testing.T) {
	s := storetest.New(t)
	const writers, perWriter, size = 16, 10, 7
	answers := make([][]store.Answer, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range perWriter {
				samples := slices.Repeat([]sample.Sample{{Hora: sample.NewHora(received.Time), TotalRAM: int64(w)}}, size)
				answer, err := s.Insert(t.Context(), store.Request{API: "api2", Samples: samples, Recibido: received})
				if err != nil {
					t.Error(err)
					return
				}
				answers[w] = append(answers[w], answer)
			}
		})
	}
	wg.Wait()
	rows, err := s.RowsAfter(t.Context(), 0, nil, 10_000)
	if err != nil || len(rows) != writers*perWriter*size {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	owner := map[int64]int64{}
	for _, row := range rows {
		owner[row.ID] = row.TotalRAM
	}
	for w, list := range answers {
		for _, answer := range list {
			for _, id := range answer.IDs {
				if who, ok := owner[id]; !ok || who != int64(w) {
					t.Fatalf("writer %d was told id %d, which is of %d (%t)", w, id, who, ok)
				}
			}
		}
	}
}

func TestAKeyStoresOnce(t *testing.T) {
	s := storetest.New(t)
	request := store.Request{API: "api1", Samples: recording(t)[:3], Recibido: received, Key: "k", Content: [32]byte{1}}
	first, err := s.Insert(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	request.API = "api2" // the retry came by the other route
	again, err := s.Insert(t.Context(), request)
	if err != nil || !again.Replayed || first.Replayed || again.API != first.API || !slices.Equal(again.IDs, first.IDs) {
		t.Errorf("retry: %+v, %v; first: %+v", again, err, first)
	}
	for _, other := range []string{"K", "k "} { // byte by byte
		request.Key = other
		if answer, err := s.Insert(t.Context(), request); err != nil || slices.Equal(answer.IDs, first.IDs) {
			t.Errorf("key %q: %+v, %v: taken for %q", other, answer, err, "k")
		}
	}
	request.Key, request.Content = "k", [32]byte{2}
	if _, err := s.Insert(t.Context(), request); !errors.Is(err, store.ErrKeyReused) {
		t.Errorf("another body: %v, want ErrKeyReused", err)
	}
	if rows, err := s.RowsAfter(t.Context(), 0, nil, 100); err != nil || len(rows) != 9 {
		t.Errorf("%d rows, %v; want three requests of three", len(rows), err)
	}
}

func TestAKeyStoresOnceUnderARace(t *testing.T) {
	s := storetest.New(t)
	request := store.Request{API: "api1", Samples: recording(t)[:1], Recibido: received, Key: "race", Content: [32]byte{1}}
	const racers = 24
	ids := make([]int64, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			answer, err := s.Insert(t.Context(), request)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = answer.IDs[0]
		})
	}
	wg.Wait()
	rows, err := s.RowsAfter(t.Context(), 0, nil, 100)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, id := range ids {
		if id != rows[0].ID {
			t.Errorf("answered %v, stored %d", ids, rows[0].ID)
		}
	}
}

func TestARefusedStatementStoresNothing(t *testing.T) {
	s := storetest.New(t)
	request := store.Request{API: strings.Repeat("x", 33), Samples: recording(t)[:2], Recibido: received}
	for _, key := range []string{"", "with-key"} {
		request.Key = key
		if _, err := s.Insert(t.Context(), request); !errors.Is(err, store.ErrNotStored) {
			t.Errorf("key %q: %v, want ErrNotStored", key, err)
		}
	}
	if rows, err := s.RowsAfter(t.Context(), 0, nil, 10); err != nil || len(rows) != 0 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestADatabaseThatIsAwayStoresNothing(t *testing.T) {
	s, err := store.Open("root@unix(/nowhere/sock)/pulso", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("Ping of a database that is away succeeds")
	}
	if _, err := s.Insert(t.Context(), store.Request{Samples: recording(t)[:1]}); !errors.Is(err, store.ErrNotStored) {
		t.Errorf("%v, want ErrNotStored", err)
	}
}

func TestOpenHidesThePassword(t *testing.T) {
	for _, dsn := range []string{"user:geheim@", "user:geheim@tcp(localhost)/"} {
		if _, err := store.Open(dsn, 1); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("Open(%q) = %v", dsn, err)
		}
	}
}

func TestMigrateRunsOnceWhenManyAsk(t *testing.T) {
	dsn := storetest.DSN(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := store.Open(dsn, 2)
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(s.Migrate(t.Context()), s.Ping(t.Context()), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestPingNeedsTheTables(t *testing.T) {
	if err := storetest.Open(t, storetest.DSN(t)).Ping(t.Context()); err == nil {
		t.Error("a database without tables counts as ready")
	}
}

// A service of a new version waits for the tables of its version; one of an old version works on newer tables.
func TestPingNeedsTheTablesOfItsVersion(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	change := func(statement string) {
		t.Helper()
		if _, err := storetest.Plain(t, dsn).ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	change("INSERT INTO goose_db_version (version_id, is_applied) VALUES (1000, TRUE)")
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("with newer tables: %v", err)
	}
	change("DELETE FROM goose_db_version WHERE version_id >= 3")
	if err := s.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "tables are of version 2") {
		t.Errorf("with older tables: %v", err)
	}
}

func TestRowsAfterReadsRangesAndBounds(t *testing.T) {
	s := storetest.New(t)
	answer, err := s.Insert(t.Context(), store.Request{API: "api1", Samples: recording(t)[:10], Recibido: received})
	if err != nil {
		t.Fatal(err)
	}
	id := answer.IDs
	rows, err := s.RowsAfter(t.Context(), id[6], []store.Range{{From: id[1], To: id[2]}, {From: id[4], To: id[4]}}, 5)
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, row := range rows {
		got = append(got, row.ID)
	}
	if want := []int64{id[1], id[2], id[4], id[7], id[8]}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSettledAndWindows(t *testing.T) {
	s := storetest.New(t)
	if id, err := s.Settled(t.Context(), time.Minute); id != 0 || err != nil {
		t.Errorf("empty table: %d, %v", id, err)
	}
	if rows, err := s.Windows(t.Context(), 5*time.Minute, 10, 100); len(rows) != 0 || err != nil {
		t.Errorf("empty table: %v, %v", rows, err)
	}
	answer, err := s.Insert(t.Context(), store.Request{API: "api1", Samples: recording(t), Recibido: received})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := s.Settled(t.Context(), time.Minute); id != 0 || err != nil {
		t.Errorf("Settled = %d, %v; all rows are recent", id, err)
	}
	later, err := s.Insert(t.Context(), store.Request{API: "api1", Samples: recording(t)[:1], Recibido: received})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := s.Settled(t.Context(), 0); id != answer.IDs[len(answer.IDs)-1] || err != nil {
		t.Errorf("Settled = %d, %v; the only new row is %d", id, err, later.IDs[0])
	}
	rows, err := s.Windows(t.Context(), 5*time.Minute, 10, 1000)
	if err != nil {
		t.Fatal(err)
	}
	distinct := map[string]map[string]bool{}
	for i, row := range rows {
		if i > 0 && row.ID <= rows[i-1].ID {
			t.Fatal("not in order of id")
		}
		if distinct[row.Host] == nil {
			distinct[row.Host] = map[string]bool{}
		}
		distinct[row.Host][row.Hora.String()] = true
	}
	for host, want := range golden.Points().Hosts {
		if host != "" && len(distinct[host]) != len(want.Points) {
			t.Errorf("%s: %d points in the live window, want %d", host, len(distinct[host]), len(want.Points))
		}
	}
	if rows, err := s.Windows(t.Context(), 5*time.Minute, 1, 7); err != nil || len(rows) != 7 || rows[6].Host != "vm-a" {
		t.Errorf("bounded: %d rows, %v", len(rows), err)
	}
}
