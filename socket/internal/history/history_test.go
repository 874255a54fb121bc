package history

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	fromSamples = event.ResolutionSample
	fromMinutes = event.ResolutionMinute
	fromHours   = event.ResolutionHour
)

func moment(t *testing.T, text string) sample.Hora {
	t.Helper()
	h, err := sample.ParseHora(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// asked is a query, and how it is to be answered.
type asked struct {
	host       string
	from, to   string
	points     int
	resolution event.Resolution
	step       time.Duration
	begin, end string // as moved out
}

func (a asked) query(t *testing.T) event.HistoryQuery {
	t.Helper()
	return event.HistoryQuery{Host: a.host, From: moment(t, a.from), To: moment(t, a.to), Points: a.points}
}

// check compares an answer with what all samples say.
func (a asked) check(t *testing.T, got event.History, samples []sample.Sample) {
	t.Helper()
	buckets, states := compute(samples, a.host, moment(t, a.begin).Time, moment(t, a.end).Time, a.step)
	if buckets == nil {
		buckets = []event.Bucket{}
	}
	want := event.History{
		Now: sample.NewRecibido(noon), Host: a.host, From: moment(t, a.begin), To: moment(t, a.end), Step: a.step.Seconds(),
		Resolution: a.resolution, Buckets: buckets, States: states, Routes: []event.RouteStats{},
	}
	if got, want := encode(t, got), encode(t, want); got != want {
		t.Errorf("%+v:\ngot  %s\nwant %s", a, got, want)
	}
	if len(got.Buckets) > a.points {
		t.Errorf("%+v: %d buckets", a, len(got.Buckets))
	}
}

func TestThePastIsExact(t *testing.T) {
	r := newRig(t)
	dice := rand.New(rand.NewPCG(1, 2))
	samples := scatter(dice, "vm-a", 0, 600, noon, 6*time.Minute)
	samples = append(samples, scatter(dice, "vm-a", 600, 600, noon.Add(6*time.Minute), 4*time.Hour)...)
	samples = append(samples, scatter(dice, "VM-A", 0, 300, noon, 20*time.Minute)...) // another host
	samples = append(samples, scatter(dice, "", 0, 300, noon, 20*time.Minute)...)     // each of its rows is a point
	samples = append(samples, scatter(dice, "vm-old", 0, 900, noon.AddDate(0, 0, -40), 40*24*time.Hour)...)
	nameless := random(dice, "vm-a", 0, noon.Add(time.Minute)) // without secuencia
	edge := random(dice, "vm-edge", 1, noon)
	last := random(dice, "vm-edge", 2, noon.Add(time.Minute))
	after := random(dice, "vm-edge", 3, noon.Add(time.Minute+time.Millisecond))
	samples = append(samples, nameless, nameless, edge, last, after)
	r.insert(t, samples)
	r.rollUp(t)
	for _, a := range []asked{
		{"vm-a", "2026-03-01 12:00:00.500", "2026-03-01 12:05:00.500", 301, fromSamples, time.Second, "2026-03-01 12:00:00", "2026-03-01 12:05:01"},
		{"vm-a", "2026-03-01 12:00:00.500", "2026-03-01 12:05:00.500", 300, fromSamples, 2 * time.Second, "2026-03-01 12:00:00", "2026-03-01 12:05:02"},
		{"vm-a", "2026-03-01 12:00:00.500", "2026-03-01 12:05:00.500", 2000, fromSamples, 200 * time.Millisecond, "2026-03-01 12:00:00.400", "2026-03-01 12:05:00.600"},
		{"vm-a", "2026-03-01 12:00:00", "2026-03-01 12:00:01", 2000, fromSamples, time.Millisecond, "2026-03-01 12:00:00", "2026-03-01 12:00:01"},
		{"vm-a", "2026-03-01 12:00:00", "2026-03-01 13:00:00", 1, fromSamples, time.Hour, "2026-03-01 12:00:00", "2026-03-01 13:00:00"},
		{"vm-a", "2026-03-01 11:59:00", "2026-03-01 12:10:00", 1, fromSamples, 8 * time.Hour, "2026-03-01 08:00:00", "2026-03-01 16:00:00"},
		{"vm-a", "2026-03-01 12:00:00", "2026-03-01 13:00:00.001", 2000, fromMinutes, time.Minute, "2026-03-01 12:00:00", "2026-03-01 13:01:00"},
		{"vm-a", "2026-03-01 12:00:30", "2026-03-01 15:10:10", 10, fromMinutes, 20 * time.Minute, "2026-03-01 12:00:00", "2026-03-01 15:20:00"},
		{"vm-a", "2026-02-20 12:00:00", "2026-03-06 12:00:00", 2000, fromMinutes, 15 * time.Minute, "2026-02-20 12:00:00", "2026-03-06 12:00:00"},
		{"vm-old", "2026-02-20 12:00:00", "2026-03-06 12:00:00.001", 2000, fromHours, time.Hour, "2026-02-20 12:00:00", "2026-03-06 13:00:00"},
		{"vm-old", "2026-01-01 00:00:00", "2026-03-06 12:00:00", 100, fromHours, 24 * time.Hour, "2026-01-01 00:00:00", "2026-03-07 00:00:00"},
		{"vm-old", "1970-01-01 00:00:00", "9999-12-31 23:59:59.999", 2000, fromHours, 2048 * 24 * time.Hour, "1970-01-01 00:00:00", "9999-12-31 23:59:59.999"},
		{"VM-A", "2026-03-01 12:00:00", "2026-03-01 12:30:00", 90, fromSamples, 20 * time.Second, "2026-03-01 12:00:00", "2026-03-01 12:30:00"},
		{"", "2026-03-01 12:00:00", "2026-03-01 12:30:00", 90, fromSamples, 20 * time.Second, "2026-03-01 12:00:00", "2026-03-01 12:30:00"},
		{"", "2026-03-01 12:00:00", "2026-03-01 14:00:00", 120, fromMinutes, time.Minute, "2026-03-01 12:00:00", "2026-03-01 14:00:00"},
		{"vm-edge", "2026-03-01 12:00:00", "2026-03-01 12:01:00", 60, fromSamples, time.Second, "2026-03-01 12:00:00", "2026-03-01 12:01:00"},
		{"vm-edge", "2026-03-01 12:00:00.001", "2026-03-01 12:01:00.001", 2000, fromSamples, 50 * time.Millisecond, "2026-03-01 12:00:00", "2026-03-01 12:01:00.050"},
		{"nobody", "2026-03-01 12:10:30", "2026-03-01 12:20:00", 600, fromSamples, time.Second, "2026-03-01 12:10:30", "2026-03-01 12:20:00"},
		{"vm-edge", "2026-03-01 12:10:00", "2026-03-01 12:20:00", 600, fromSamples, time.Second, "2026-03-01 12:10:00", "2026-03-01 12:20:00"}, // nothing
	} {
		a.check(t, answer(t, r.Service, a.query(t)), samples)
	}
}

// What is too much to read, or no longer there, comes from the next resolution; a gap stays one.
func TestTheFinestResolutionThatCanAnswer(t *testing.T) {
	r := newRig(t)
	samples := scatter(rand.New(rand.NewPCG(3, 4)), "vm-a", 0, 500, noon, 2*time.Hour)
	newest := random(rand.New(rand.NewPCG(5, 6)), "vm-a", 1000, noon.AddDate(0, 0, 3))
	samples = append(samples, newest)
	r.insert(t, samples)
	r.rollUp(t)
	quarter := asked{host: "vm-a", from: "2026-03-01 12:20:10", to: "2026-03-01 12:35:00", points: 900}
	expect := func(resolution event.Resolution, step time.Duration, begin, end string) {
		t.Helper()
		quarter.resolution, quarter.step, quarter.begin, quarter.end = resolution, step, begin, end
		// A new service: the one before may have kept its answer.
		quarter.check(t, answer(t, on(r.db), quarter.query(t)), samples)
	}
	expect(fromSamples, time.Second, "2026-03-01 12:20:10", "2026-03-01 12:35:00")
	r.exec(t, "UPDATE samples_by_minute SET stored_rows = ? WHERE hora = '2026-03-01 12:20:00'", maxRows+1)
	expect(fromMinutes, time.Minute, "2026-03-01 12:20:00", "2026-03-01 12:35:00")
	r.exec(t, "UPDATE samples_by_minute SET stored_rows = 1")
	expect(fromSamples, time.Second, "2026-03-01 12:20:10", "2026-03-01 12:35:00")
	r.exec(t, "DELETE FROM samples WHERE hora < '2026-03-02'")
	expect(fromMinutes, time.Minute, "2026-03-01 12:20:00", "2026-03-01 12:35:00")
	r.exec(t, "DELETE FROM samples_by_minute WHERE hora < '2026-03-02'")
	expect(fromHours, time.Hour, "2026-03-01 12:00:00", "2026-03-01 13:00:00")
	// A gap after what is still there is no reason to look elsewhere.
	quarter.from, quarter.to, quarter.points = "2026-03-04 12:10:00", "2026-03-04 12:20:00", 600
	expect(fromSamples, time.Second, "2026-03-04 12:10:00", "2026-03-04 12:20:00")
}

// Before its first sample a host has no past, though an hour or minute that holds it begins earlier.
func TestBeforeTheFirstSample(t *testing.T) {
	r := newRig(t)
	samples := scatter(rand.New(rand.NewPCG(9, 10)), "vm-a", 0, 100, noon.Add(30*time.Minute+30*time.Second), 10*time.Minute)
	r.insert(t, samples)
	r.rollUp(t)
	before := asked{host: "vm-a", from: "2026-03-01 12:10:00", to: "2026-03-01 12:20:00", points: 600}
	before.resolution, before.step, before.begin, before.end = fromSamples, time.Second, before.from, before.to
	before.check(t, answer(t, r.Service, before.query(t)), samples)
}

func TestTooManyRowsAreNotRead(t *testing.T) {
	r := newRig(t)
	r.insert(t, scatter(rand.New(rand.NewPCG(7, 8)), "", 0, 20, noon, time.Minute)[:20])
	steps := store.Steps{From: noon.UnixMilli(), To: noon.Add(time.Minute).UnixMilli(), Step: 1000}
	if past, err := r.db.PastOfSamples(t.Context(), steps, 20); err != nil || len(past.Stretches) == 0 {
		t.Errorf("20 of 20 rows: %+v, %v", past, err)
	}
	if _, err := r.db.PastOfSamples(t.Context(), steps, 19); err == nil {
		t.Error("20 rows, of which 19 were allowed, were read")
	}
}

// A flood that the rollups have not seen yet.
func TestAFloodIsNotRead(t *testing.T) {
	r := newRig(t)
	r.exec(t, `INSERT INTO samples (total_ram, ram_libre, uso_ram, porcentaje_ram, porcentaje_cpu_uso, porcentaje_cpu_libre, procesos_corriendo,
		total_procesos, procesos_durmiendo, procesos_zombie, procesos_parados, hora, host, fuente, api, recibido)
		SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '2026-03-01 12:00:00', 'vm', '', '', NOW() FROM seq_0_to_`+strconv.Itoa(maxRows))
	flood := asked{"vm", "2026-03-01 12:00:00", "2026-03-01 12:30:00", 100, fromMinutes, time.Minute, "2026-03-01 12:00:00", "2026-03-01 12:30:00"}
	flood.check(t, answer(t, r.Service, flood.query(t)), nil)
}

func TestAQueryThatMakesNoSense(t *testing.T) {
	s := on(nil) // none gets as far as the database
	good := event.HistoryQuery{Host: "vm", From: sample.NewHora(noon), To: sample.NewHora(noon.Add(time.Minute)), Points: 10}
	for want, spoil := range map[string]func(*event.HistoryQuery){
		"host has 254 bytes, over 253":                                           func(q *event.HistoryQuery) { q.Host = string(make([]byte, 254)) },
		"host begins or ends with white space":                                   func(q *event.HistoryQuery) { q.Host = " vm" },
		"host has control characters":                                            func(q *event.HistoryQuery) { q.Host = "a\x00b" },
		"host is not UTF-8":                                                      func(q *event.HistoryQuery) { q.Host = "\xff" },
		"points is 0: it must be 1 to 2000":                                      func(q *event.HistoryQuery) { q.Points = 0 },
		"points is -1: it must be 1 to 2000":                                     func(q *event.HistoryQuery) { q.Points = -1 },
		"points is 2001: it must be 1 to 2000":                                   func(q *event.HistoryQuery) { q.Points = 2001 },
		"from is 2026-03-01 12:00:00: it must be before to, 2026-03-01 12:00:00": func(q *event.HistoryQuery) { q.To = q.From },
		"from is 2026-03-01 12:01:00: it must be before to, 2026-03-01 12:00:00": func(q *event.HistoryQuery) { q.From, q.To = q.To, q.From },
		"from is missing, or outside the years 1970 to 9999; it must be a date like 2025-06-17 02:21:54": func(q *event.HistoryQuery) { q.From = sample.Hora{} },
		"to is missing, or outside the years 1970 to 9999; it must be a date like 2025-06-17 02:21:54":   func(q *event.HistoryQuery) { q.To = sample.NewHora(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) },
	} {
		q := good
		spoil(&q)
		if _, failure := s.Answer(t.Context(), q); failure == nil || failure.Code != "parametro_invalido" || failure.Message != want {
			t.Errorf("%+v:\ngot  %+v\nwant %s", q, failure, want)
		}
	}
}

// The statistics of the routes add up over instances and seconds, also where the finer ones have been retired.
func TestTheRoutesOfARange(t *testing.T) {
	r := newRig(t)
	dice := rand.New(rand.NewPCG(9, 10))
	var seconds []store.RouteSecond
	for range 800 {
		s := store.RouteSecond{
			Second: noon.Add(time.Duration(dice.IntN(4*3600)) * time.Second), API: []string{"api1", "api2"}[dice.IntN(2)],
			Instance: strconv.Itoa(len(seconds)), Writer: "batch", Requests: dice.IntN(9), Rows: dice.IntN(9), Errors: dice.IntN(2),
		}
		for range s.Requests {
			s.Latency.Observe(time.Duration(dice.IntN(1e9)))
		}
		seconds = append(seconds, s)
	}
	seconds = append(seconds, store.RouteSecond{Second: noon.Add(2*time.Hour + time.Second), API: "api1", Instance: "x", Writer: "direct"})
	for i := range 2 { // instances that did the same, at both ends
		for _, at := range []int{0, 15, 59, 3*3600 + 29*60 + 58} {
			seconds = append(seconds, store.RouteSecond{
				Second: noon.Add(time.Duration(at) * time.Second), API: "api2", Instance: string(rune('a' + i)), Writer: "batch", Requests: 3, Rows: 2,
			})
		}
	}
	for part := range slices.Chunk(seconds, store.MaxRouteSeconds) {
		if err := r.db.WriteRouteSeconds(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	r.rollUpRoutes(t, seconds, "routes_by_minute", time.Minute)
	r.rollUpRoutes(t, seconds, "routes_by_hour", time.Hour)
	r.rollUpRoutes(t, seconds, "routes_by_day", 24*time.Hour)
	compare := func(from, to string) {
		t.Helper()
		got := answer(t, on(r.db), event.HistoryQuery{From: moment(t, from), To: moment(t, to), Points: 2000})
		if got, want := encode(t, got.Routes), encode(t, sumRoutes(seconds, got.From.Time, got.To.Time)); got != want {
			t.Errorf("%s to %s:\ngot  %s\nwant %s", from, to, got, want)
		}
	}
	compare("2026-03-01 12:00:00.200", "2026-03-01 12:14:59.700") // from the seconds alone
	compare("2026-03-01 12:00:00.200", "2026-03-01 12:00:59.300")
	compare("2026-03-01 12:00:10", "2026-03-01 12:50:59")
	compare("2026-03-01 12:31:10", "2026-03-01 15:29:59")
	compare("2026-03-01 13:00:00", "2026-03-01 14:00:00")
	compare("2026-02-01 12:31:10", "2026-03-05 15:29:59")
	compare("2026-03-01 11:00:00", "2026-03-01 12:00:00") // nothing
	r.exec(t, "DELETE FROM route_stats")
	compare("2026-03-01 12:31:10", "2026-03-01 15:29:59")
	r.exec(t, "DELETE FROM routes_by_minute")
	compare("2026-02-01 12:31:10", "2026-03-05 15:29:59")
	r.exec(t, "DELETE FROM routes_by_hour")
	compare("2026-02-01 12:31:10", "2026-03-05 15:29:59")
}
