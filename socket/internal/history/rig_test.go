package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// rig is a service on a database of the test's own.
type rig struct {
	*Service
	dsn   string
	db    *store.Store
	plain *sql.DB // for what the store would not do
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dsn := storetest.DSN(t)
	db := storetest.Open(t, dsn)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &rig{on(db), dsn, db, storetest.Plain(t, dsn)}
}

// on is a service on a database, whose clock stands at noon.
func on(db *store.Store) *Service {
	return New(db, slog.New(slog.DiscardHandler), func() time.Time { return noon })
}

func (r *rig) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := r.plain.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// insert stores samples, in this order.
func (r *rig) insert(t *testing.T, samples []sample.Sample) {
	t.Helper()
	for part := range slices.Chunk(samples, 500) {
		if _, err := r.db.Insert(t.Context(), store.Request{API: "api2", Samples: part, Recibido: sample.NewRecibido(noon)}); err != nil {
			t.Fatal(err)
		}
	}
}

// random is a sample at a moment. Its percentages are quarters, so that their sums are exact in any order.
func random(r *rand.Rand, host string, secuencia int64, at time.Time) sample.Sample {
	s := sample.Sample{
		Host: host, Hora: sample.NewHora(at), PorcentajeCPUUso: float64(r.IntN(401)) / 4, PorcentajeRAM: float64(r.IntN(401)) / 4,
		ProcesosCorriendo: r.Int64N(9), ProcesosDurmiendo: 200 + r.Int64N(50), ProcesosZombie: max(0, r.Int64N(40)-38), ProcesosParados: max(0, r.Int64N(20)-17),
	}
	if secuencia > 0 {
		s.Secuencia = &secuencia
	}
	return s
}

// scatter is n samples of a host at random within a time, from begin on, with secuencias over after; one in three comes up
// to three times more.
func scatter(r *rand.Rand, host string, after, n int, begin time.Time, within time.Duration) []sample.Sample {
	var all []sample.Sample
	for i := range n {
		s := random(r, host, int64(after+i+1), begin.Add(time.Duration(r.Int64N(int64(within)))))
		all = append(all, s)
		for range max(0, r.IntN(9)-5) {
			all = append(all, s)
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// rollUp fills the rollups of the samples from the rows.
func (r *rig) rollUp(t *testing.T) {
	t.Helper()
	for table, unit := range map[store.Rollup]string{store.ByMinute: "'%Y-%m-%d %H:%i:00'", store.ByHour: "'%Y-%m-%d %H:00:00'"} {
		var spreads, states strings.Builder
		for _, state := range store.States {
			column := "procesos_" + state
			for _, f := range []string{"MIN", "SUM", "MAX"} {
				spreads.WriteString(", " + f + "(" + column + ") AS " + state + f)
			}
			spreads.WriteString(", SUBSTRING_INDEX(GROUP_CONCAT(IF(" + column + " <> 0, CONCAT(hora, '|', " + column +
				"), NULL) ORDER BY hora DESC, " + column + " DESC), ',', 1) AS " + state + "seen")
			states.WriteString(", " + state + "MIN, " + state + "SUM, " + state + "MAX, SUBSTRING_INDEX(" + state + "seen, '|', -1), SUBSTRING_INDEX(" + state + "seen, '|', 1)")
		}
		r.exec(t, "INSERT INTO "+string(table)+` (host, hora, samples, stored_rows, cpu_min, cpu_sum, cpu_max, ram_min, ram_sum, ram_max,
			corriendo_min, corriendo_sum, corriendo_max, corriendo_last, corriendo_hora, durmiendo_min, durmiendo_sum, durmiendo_max, durmiendo_last, durmiendo_hora,
			zombie_min, zombie_sum, zombie_max, zombie_last, zombie_hora, parados_min, parados_sum, parados_max, parados_last, parados_hora)
			SELECT host, m, n, arrived, c1, c2, c3, r1, r2, r3`+states.String()+` FROM (
				SELECT s.host, DATE_FORMAT(s.hora, `+unit+`) AS m, COUNT(*) AS n, SUM(d.arrived) AS arrived,
				MIN(porcentaje_cpu_uso) c1, SUM(porcentaje_cpu_uso) c2, MAX(porcentaje_cpu_uso) c3,
				MIN(porcentaje_ram) r1, SUM(porcentaje_ram) r2, MAX(porcentaje_ram) r3`+spreads.String()+`
				FROM (SELECT MIN(id) AS id, COUNT(*) AS arrived FROM samples GROUP BY host, IF(host = '' OR secuencia IS NULL, -id, secuencia)) AS d
				JOIN samples s ON s.id = d.id GROUP BY s.host, m) AS u`)
	}
}

// answer asks, and fails when there is no answer.
func answer(t *testing.T, s *Service, q event.HistoryQuery) event.History {
	t.Helper()
	got, failure := s.Answer(t.Context(), q)
	if failure != nil {
		t.Fatalf("%+v: %s: %s", q, failure.Code, failure.Message)
	}
	return got
}

// compute is the past by the contract's words, from all samples in the order in which they arrived.
func compute(samples []sample.Sample, host string, from, to time.Time, step time.Duration) ([]event.Bucket, event.States) {
	known := map[int64]bool{}
	buckets := map[int64][]sample.Sample{}
	var all []sample.Sample
	for _, s := range samples {
		if s.Host != host || s.Hora.Before(from) || !s.Hora.Before(to) {
			continue
		}
		if s.Host != "" && s.Secuencia != nil {
			if known[*s.Secuencia] {
				continue
			}
			known[*s.Secuencia] = true
		}
		at := s.Hora.UnixMilli() / step.Milliseconds()
		buckets[at] = append(buckets[at], s)
		all = append(all, s)
	}
	var found []event.Bucket
	for at, of := range buckets {
		found = append(found, event.Bucket{
			Hora: sample.NewHora(time.UnixMilli(at * step.Milliseconds())), Samples: int64(len(of)),
			CPU:       spread(of, func(s sample.Sample) float64 { return s.PorcentajeCPUUso }),
			RAM:       spread(of, func(s sample.Sample) float64 { return s.PorcentajeRAM }),
			Corriendo: spread(of, func(s sample.Sample) float64 { return float64(s.ProcesosCorriendo) }),
			Durmiendo: spread(of, func(s sample.Sample) float64 { return float64(s.ProcesosDurmiendo) }),
			Zombie:    spread(of, func(s sample.Sample) float64 { return float64(s.ProcesosZombie) }),
			Parados:   spread(of, func(s sample.Sample) float64 { return float64(s.ProcesosParados) }),
		})
	}
	slices.SortFunc(found, func(a, b event.Bucket) int { return a.Hora.Compare(b.Hora.Time) })
	return found, event.States{
		Corriendo: state(all, func(s sample.Sample) int64 { return s.ProcesosCorriendo }),
		Durmiendo: state(all, func(s sample.Sample) int64 { return s.ProcesosDurmiendo }),
		Zombie:    state(all, func(s sample.Sample) int64 { return s.ProcesosZombie }),
		Parados:   state(all, func(s sample.Sample) int64 { return s.ProcesosParados }),
	}
}

func spread(of []sample.Sample, value func(sample.Sample) float64) event.Range {
	if len(of) == 0 {
		return event.Range{}
	}
	r := event.Range{Min: value(of[0]), Max: value(of[0])}
	for _, s := range of {
		r.Min, r.Max, r.Avg = min(r.Min, value(s)), max(r.Max, value(s)), r.Avg+value(s)
	}
	r.Avg /= float64(len(of))
	return r
}

func state(of []sample.Sample, value func(sample.Sample) int64) event.StateRange {
	found := event.StateRange{Range: spread(of, func(s sample.Sample) float64 { return float64(value(s)) })}
	for _, s := range of {
		n, newest := value(s), found.NonZero
		if n != 0 && (newest == nil || s.Hora.After(newest.Hora.Time) || s.Hora.Equal(newest.Hora.Time) && n > newest.Value) {
			found.NonZero = &event.Seen{Hora: s.Hora, Value: n}
		}
	}
	return found
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// bounded is a context that ends a test which hangs.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// sumRoutes adds up the seconds of each route from from to to.
func sumRoutes(seconds []store.RouteSecond, from, to time.Time) []event.RouteStats {
	sums := []event.RouteStats{}
	for _, api := range []string{"api1", "api2"} {
		sum := event.RouteStats{API: api}
		var newest time.Time
		for _, s := range seconds {
			if s.API != api || !s.Second.After(from.Add(-time.Second)) || !s.Second.Before(to) {
				continue
			}
			sum.Requests += int64(s.Requests)
			sum.Rows += int64(s.Rows)
			sum.Errors += int64(s.Errors)
			sum.Latency.Merge(&s.Latency)
			if !s.Second.Before(newest) {
				newest, sum.Writer = s.Second, s.Writer
			}
		}
		if sum.Writer != "" {
			sums = append(sums, sum)
		}
	}
	return sums
}

// rollUpRoutes fills a rollup of the routes.
func (r *rig) rollUpRoutes(t *testing.T, seconds []store.RouteSecond, table string, unit time.Duration) {
	t.Helper()
	starts := map[time.Time]bool{}
	for _, s := range seconds {
		starts[s.Second.Truncate(unit)] = true
	}
	for start := range starts {
		for _, sum := range sumRoutes(seconds, start, start.Add(unit)) {
			r.exec(t, "INSERT INTO "+table+" VALUES (?, ?, ?, ?, ?, ?, ?)",
				start, sum.API, sum.Writer, sum.Requests, sum.Rows, sum.Errors, encode(t, sum.Latency))
		}
	}
}
