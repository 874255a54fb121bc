package rollup

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	always = store.Retention{Rows: 1e6 * time.Hour, Minutes: 1e6 * time.Hour, Hours: 1e6 * time.Hour}
)

// world is a migrated database.
type world struct {
	t     *testing.T
	store *store.Store
	db    *sql.DB
	log   lines
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &world{t: t, store: s, db: storetest.Plain(t, dsn)}
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// has counts the lines that say something.
func (l *lines) has(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

func (w *world) keeper(owner string, keep store.Retention) *Keeper {
	return New(w.store, keep, owner, slog.New(slog.NewTextHandler(&w.log, nil)))
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.db.ExecContext(w.t.Context(), query, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) number(query string, args ...any) (n int64) {
	w.t.Helper()
	if err := w.db.QueryRowContext(w.t.Context(), query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// settle lets a keeper's jobs work until none has more to do, and fails when one fails.
func (w *world) settle(k *Keeper) {
	w.t.Helper()
	jobs := append([]*job{&k.turn}, k.work...)
	for _, j := range jobs {
		for more := true; more; {
			var err error
			if more, err = j.step(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// row is what the rollups depend on.
type row struct {
	host      string
	hora      time.Time
	secuencia sql.NullInt64
	cpu, ram  float64
	states    [4]int64
}

const insert = `INSERT INTO samples (total_ram, ram_libre, uso_ram, porcentaje_cpu_libre, total_procesos, fuente, api, recibido,
	host, hora, secuencia, porcentaje_cpu_uso, porcentaje_ram, procesos_corriendo, procesos_durmiendo, procesos_zombie, procesos_parados)
	VALUES (1, 1, 1, 1, 1, '', 'api1', NOW(6), ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func (r row) args() []any {
	return []any{r.host, r.hora, r.secuencia, r.cpu, r.ram, r.states[0], r.states[1], r.states[2], r.states[3]}
}

// some is a random row. Its percentages are such that sums of them are exact; the same host and secuencia have the same hora.
func some(random *rand.Rand) row {
	hosts := []string{"", "vm", "VM", "vm-ñ"}
	r := row{host: hosts[random.IntN(len(hosts))], cpu: float64(random.IntN(401)) / 4, ram: float64(random.IntN(401)) / 4}
	ms := random.Int64N(150 * 60_000 / 400) // of two and a half hours, few enough to meet
	r.hora = noon.Add(time.Duration(ms) * 400 * time.Millisecond)
	if random.IntN(5) > 0 {
		r.secuencia = sql.NullInt64{Int64: ms, Valid: true}
	}
	for i := range r.states {
		r.states[i] = max(0, random.Int64N(40)-20)
	}
	return r
}

// sum is a line of samples_by_minute or samples_by_hour.
type sum struct {
	samples, rows int64
	cpu, ram      [3]float64 // min, sum, max
	states        [4]state
}

type state struct {
	min, max int64
	sum      float64
	last     sql.NullInt64
	hora     sql.NullTime
}

type key struct {
	host string
	hora time.Time
}

// expected computes the rollups from what is stored.
func (w *world) expected() (minutes, hours map[key]sum) {
	w.t.Helper()
	rows, err := w.db.QueryContext(w.t.Context(), `SELECT host, hora, secuencia, porcentaje_cpu_uso, porcentaje_ram, procesos_corriendo,
		procesos_durmiendo, procesos_zombie, procesos_parados FROM samples ORDER BY id`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	minutes, hours = map[key]sum{}, map[key]sum{}
	seen := map[string]bool{}
	for rows.Next() {
		var r row
		var hora string
		if err := rows.Scan(&r.host, &hora, &r.secuencia, &r.cpu, &r.ram, &r.states[0], &r.states[1], &r.states[2], &r.states[3]); err != nil {
			w.t.Fatal(err)
		}
		if r.hora, err = time.Parse("2006-01-02 15:04:05.000", hora); err != nil {
			w.t.Fatal(err)
		}
		identity := fmt.Sprint(r.host, " ", r.secuencia.Int64)
		repeat := r.host != "" && r.secuencia.Valid && seen[identity]
		seen[identity] = r.secuencia.Valid
		for table, unit := range map[*map[key]sum]time.Duration{&minutes: time.Minute, &hours: time.Hour} {
			at := key{r.host, r.hora.Truncate(unit)}
			(*table)[at] = with((*table)[at], r, repeat)
		}
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return minutes, hours
}

func with(s sum, r row, repeat bool) sum {
	s.rows++
	if repeat {
		return s
	}
	s.samples++
	first := s.samples == 1
	for to, n := range map[*[3]float64]float64{&s.cpu: r.cpu, &s.ram: r.ram} {
		if first || n < to[0] {
			to[0] = n
		}
		to[1] += n
		to[2] = max(to[2], n)
	}
	for i, n := range r.states {
		to := &s.states[i]
		if first || n < to.min {
			to.min = n
		}
		to.max, to.sum = max(to.max, n), to.sum+float64(n)
		if n > 0 && (!to.last.Valid || r.hora.After(to.hora.Time) || r.hora.Equal(to.hora.Time) && n > to.last.Int64) {
			to.last, to.hora = sql.NullInt64{Int64: n, Valid: true}, sql.NullTime{Time: r.hora, Valid: true}
		}
	}
	return s
}

func (w *world) stored(table string) map[key]sum {
	w.t.Helper()
	rows, err := w.db.QueryContext(w.t.Context(), "SELECT host, hora, samples, stored_rows, cpu_min, cpu_sum, cpu_max, ram_min, ram_sum, ram_max,"+
		"corriendo_min, corriendo_sum, corriendo_max, corriendo_last, corriendo_hora, durmiendo_min, durmiendo_sum, durmiendo_max, durmiendo_last, durmiendo_hora,"+
		"zombie_min, zombie_sum, zombie_max, zombie_last, zombie_hora, parados_min, parados_sum, parados_max, parados_last, parados_hora FROM "+table)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	all := map[key]sum{}
	for rows.Next() {
		var at key
		var hora string
		var s sum
		var seen [4]sql.NullString
		into := []any{&at.host, &hora, &s.samples, &s.rows, &s.cpu[0], &s.cpu[1], &s.cpu[2], &s.ram[0], &s.ram[1], &s.ram[2]}
		for i := range s.states {
			into = append(into, &s.states[i].min, &s.states[i].sum, &s.states[i].max, &s.states[i].last, &seen[i])
		}
		if err := rows.Scan(into...); err != nil {
			w.t.Fatal(err)
		}
		at.hora = parse(w.t, hora)
		for i, text := range seen {
			if text.Valid {
				s.states[i].hora = sql.NullTime{Time: parse(w.t, text.String), Valid: true}
			}
		}
		all[at] = s
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return all
}

func parse(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateTime, text) // takes decimals
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// check fails unless the rollups are what the rows say.
func (w *world) check() {
	w.t.Helper()
	minutes, hours := w.expected()
	for table, want := range map[string]map[key]sum{"samples_by_minute": minutes, "samples_by_hour": hours} {
		got := w.stored(table)
		if len(want) > 0 && maps.Equal(got, want) {
			continue
		}
		w.t.Errorf("%s: %d lines, want %d", table, len(got), len(want))
		for at, s := range want {
			if got[at] != s {
				w.t.Errorf("%v:\ngot  %v\nwant %v", at, got[at], s)
				break
			}
		}
	}
}

// write commits rows with pauses between the INSERT, which takes the id, and the COMMIT; some are rolled back. Where its
// connection is killed, what is stored says how that ended.
func (w *world) write(ctx context.Context, random *rand.Rand, transactions int) {
	for range transactions {
		tx, err := w.db.BeginTx(ctx, nil)
		if err != nil {
			continue
		}
		for range 1 + random.IntN(20) {
			_, _ = tx.ExecContext(ctx, insert, some(random).args()...)
		}
		time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond) // not waiting for anything: a slow client
		if random.IntN(8) == 0 {
			_ = tx.Rollback()
			continue
		}
		_ = tx.Commit()
	}
}

// writing runs several writers and calls during until they have ended.
func (w *world) writing(transactions int, during func()) {
	ended := make(chan struct{})
	var writers sync.WaitGroup
	for n := range 8 {
		random := rand.New(rand.NewPCG(5, uint64(n))) // repeatable, but for who comes first
		writers.Go(func() { w.write(w.t.Context(), random, transactions) })
	}
	go func() {
		writers.Wait()
		close(ended)
	}()
	for {
		select {
		case <-ended:
			return
		default:
			during()
		}
	}
}

func TestTheRollupsAreWhatTheRowsSay(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("a", always)
	w.writing(25, func() { w.settle(k) })
	w.settle(k)
	w.check()
	if n := w.number("SELECT COUNT(*) FROM samples"); n < 1000 {
		t.Errorf("only %d rows were written", n)
	}
	if position, last := w.number("SELECT position FROM rollups"), w.number("SELECT MAX(id) FROM samples"); position > last {
		t.Errorf("position %d, last id %d", position, last)
	}
}

func TestARowThatCommitsLateIsCounted(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("a", always)
	late, err := w.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = late.Rollback() }()
	random := rand.New(rand.NewPCG(1, 1))
	if _, err := late.ExecContext(t.Context(), insert, some(random).args()...); err != nil {
		t.Fatal(err)
	}
	w.exec(insert, some(random).args()...)
	w.settle(k)
	w.check()
	if position := w.number("SELECT position FROM rollups"); position != 0 {
		t.Errorf("position %d is above a row that may still come", position)
	}
	if err := late.Commit(); err != nil {
		t.Fatal(err)
	}
	other := w.keeper("b", always) // it has not seen what the first one has
	k.leave(t.Context())
	w.settle(other)
	w.check()
	if position := w.number("SELECT position FROM rollups"); position != 2 {
		t.Errorf("position %d, want 2", position)
	}
}

// A hostile sender's rows lie in as many minutes as there are rows, up to the end of time.
func TestManyMinutesAtOnce(t *testing.T) {
	w := newWorld(t)
	const minutes = 5000
	r := some(rand.New(rand.NewPCG(1, 1)))
	tx, err := w.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range minutes {
		r.hora = time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC).Add(-time.Duration(i*i-1) * time.Minute)
		if i%2 == 0 {
			r.hora = time.Date(1970, 1, 1, 0, i, 0, 0, time.UTC)
		}
		if _, err := tx.ExecContext(t.Context(), insert, r.args()...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	k := w.keeper("a", always)
	steps := 0
	for more := true; more; steps++ {
		if _, err := k.turn.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if more, err = k.samples.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if position := w.number("SELECT position FROM rollups"); more && position != 0 {
			t.Fatalf("position %d before all is done", position)
		}
	}
	w.check()
	if position := w.number("SELECT position FROM rollups"); steps < minutes/store.MaxRollupMinutes || position != minutes {
		t.Errorf("%d steps, position %d", steps, position)
	}
}

func TestWhatWasRetiredIsNotForgotten(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("a", always)
	r := row{host: "vm", hora: noon, cpu: 50, ram: 50}
	put := func(n, from int64) {
		for i := range n {
			r.secuencia = sql.NullInt64{Int64: from + i, Valid: true}
			w.exec(insert, r.args()...)
		}
		w.settle(k)
	}
	put(5, 0)
	before, hours := w.stored("samples_by_minute"), w.stored("samples_by_hour")
	w.exec("DELETE FROM samples WHERE id <= 3")
	put(1, 10)
	if now := w.stored("samples_by_minute"); !maps.Equal(now, before) {
		t.Errorf("%v was replaced by %v", before, now)
	}
	if now := w.stored("samples_by_hour"); !maps.Equal(now, hours) {
		t.Errorf("%v was replaced by %v", hours, now)
	}
	put(2, 20) // as many as there were
	w.check()
	w.exec("DELETE FROM samples_by_minute")
	r.hora = noon.Add(time.Minute)
	put(1, 30)
	if hour := w.stored("samples_by_hour")[key{"vm", noon}]; hour.samples != 5 {
		t.Errorf("%d samples in the hour, want the 5 that it had", hour.samples)
	}
}

// Two keepers work at the same time while connections die under them and one is replaced by another.
func TestSeveralKeepersAndDyingConnections(t *testing.T) {
	w := newWorld(t)
	var keepers sync.WaitGroup
	run := func(owner string) context.CancelFunc {
		ctx, cancel := context.WithCancel(t.Context())
		k := w.keeper(owner, always)
		for _, j := range append(k.work, &k.turn) {
			j.pause = 5 * time.Millisecond
		}
		keepers.Go(func() { k.Run(ctx) })
		return cancel
	}
	stop := []context.CancelFunc{run("0"), run("1")}
	kills := 0
	w.writing(30, func() {
		w.exec("UPDATE rollups SET until = NOW(6)") // whoever comes first
		if kills += w.kill(); kills%5 == 0 {
			stop[0]()
			stop = append(stop[1:], run(fmt.Sprint(kills)))
		}
		time.Sleep(20 * time.Millisecond) // let them get somewhere
	})
	if kills == 0 {
		t.Error("no connection was killed")
	}
	for _, s := range stop {
		s()
	}
	keepers.Wait()
	w.exec("UPDATE rollups SET until = NOW(6)")
	w.settle(w.keeper("last", always))
	w.check()
}

// kill ends a connection on which something of the rollups is going on, where there is one.
func (w *world) kill() int {
	w.t.Helper()
	var id int64
	err := w.db.QueryRowContext(w.t.Context(), `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()
		AND (info LIKE '%\_by\_%' OR info LIKE '%rollups%' OR info LIKE 'SELECT host%' OR info LIKE 'COMMIT%') LIMIT 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0
	}
	if err == nil {
		_, err = w.db.ExecContext(w.t.Context(), fmt.Sprint("KILL ", id))
	}
	if err != nil && !strings.Contains(err.Error(), "1094") { // it has ended by itself
		w.t.Fatal(err)
	}
	return 1
}

func TestOneKeeperAtATime(t *testing.T) {
	w := newWorld(t)
	a, b := w.keeper("a", always), w.keeper("b", always)
	turn := func(k *Keeper, want bool) {
		t.Helper()
		if _, err := k.take(t.Context()); err != nil || k.mine != want {
			t.Fatalf("mine: %t, %v; want %t", k.mine, err, want)
		}
	}
	turn(a, true)
	turn(b, false)
	turn(a, true)
	w.exec("UPDATE rollups SET until = NOW(6) - INTERVAL 1 SECOND") // a stands still
	turn(b, true)
	w.exec(insert, some(rand.New(rand.NewPCG(1, 1))).args()...)
	for _, j := range a.work[:1] {
		a.do(t.Context(), j)
	}
	if n := w.number("SELECT COUNT(*) FROM samples_by_minute"); a.mine || n != 0 {
		t.Errorf("mine: %t, %d minutes: a works though it is b's turn", a.mine, n)
	}
	b.leave(t.Context())
	turn(a, true)
	w.settle(a)
	w.check()
	if taken, lost := w.log.has("rollups_turn_taken"), w.log.has("rollups_turn_lost"); taken != 3 || lost != 1 {
		t.Errorf("taken %d times, lost %d times:\n%s", taken, lost, w.log.text.String())
	}
}

func TestWhoHasNoTurnDoesNotWait(t *testing.T) {
	w := newWorld(t)
	a, b := w.keeper("a", always), w.keeper("b", always)
	w.settle(a)
	working, err := w.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = working.Rollback() }()
	if _, err := working.ExecContext(t.Context(), "SELECT 1 FROM rollups FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := b.take(t.Context()); err != nil || b.mine || time.Since(began) > time.Second {
		t.Errorf("mine: %t, %v after %s", b.mine, err, time.Since(began))
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := w.store.RollUp(short, "a", nil, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v: two work at once", err)
	}
}

func TestAFailureIsSaidOnceAndNothingIsLostByIt(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("a", always)
	w.settle(k)
	w.exec(insert, some(rand.New(rand.NewPCG(1, 1))).args()...)
	w.exec("RENAME TABLE samples_by_hour TO elsewhere")
	job := k.work[0]
	var waits []time.Duration
	for range 8 {
		k.do(t.Context(), job)
		waits = append(waits, time.Until(job.due).Round(time.Second))
	}
	if !slices.IsSorted(waits) || waits[0] != backOff || waits[7] != maxBackOff {
		t.Errorf("tried again after %v", waits)
	}
	w.exec("RENAME TABLE elsewhere TO samples_by_hour")
	k.do(t.Context(), job)
	w.check()
	if failing, recovered := w.log.has("rollups_failing"), w.log.has("rollups_recovered"); failing != 1 || recovered != 1 {
		t.Errorf("failing %d times, recovered %d times:\n%s", failing, recovered, w.log.text.String())
	}
}

func TestAKeeperRestsAsLongAsItWorks(t *testing.T) {
	k := newWorld(t).keeper("a", always)
	k.mine = true
	for _, tt := range []struct{ work, times time.Duration }{{20 * time.Millisecond, 1}, {1100 * time.Millisecond, slowRest}} {
		busy := &job{step: func(context.Context) (bool, error) {
			time.Sleep(tt.work)
			return true, nil
		}}
		k.turn.due = time.Now().Add(time.Hour)
		began := time.Now()
		k.work = []*job{busy, {due: began.Add(time.Millisecond)}}
		k.do(t.Context(), busy)
		worked := time.Since(began)
		next, at := k.next()
		if whole := at.Sub(began); whole < tt.work+tt.times*tt.work || whole > worked+tt.times*worked {
			t.Errorf("worked %s, and would go on after %s", worked, whole)
		}
		if next == busy {
			t.Error("a job that has more to do holds up the others")
		}
	}
	k.turn.due = time.Now().Add(time.Second)
	if next, at := k.next(); next != &k.turn || at != k.turn.due {
		t.Error("the turn is not renewed during a rest")
	}
	rested := k.rested
	if k.do(t.Context(), &k.turn); k.rested != rested {
		t.Error("the turn has ended a rest")
	}
}
