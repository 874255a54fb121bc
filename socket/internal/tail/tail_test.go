package tail_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
	"github.com/pulso-lab/pulso/socket/internal/tail"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const insert = `INSERT INTO samples (id, total_ram, ram_libre, uso_ram, porcentaje_ram, porcentaje_cpu_uso, porcentaje_cpu_libre,
	procesos_corriendo, total_procesos, procesos_durmiendo, procesos_zombie, procesos_parados, hora, host, secuencia,
	fuente, api, recibido, guardado) VALUES (?, 1, 1, 0, 0, 0, 100, 1, 1, 0, 0, 0, '2026-03-01 12:00:00', 'vm', NULL, '', 'api1',
	'2026-03-01 12:00:00', ?)`

// open is a migrated database, as a store to read and as a plain pool to write what the store would not.
func open(t *testing.T) (*store.Store, *sql.DB) {
	t.Helper()
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := storetest.Plain(t, dsn)
	return s, db
}

func put(t *testing.T, db *sql.DB, id int64, guardado string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), insert, id, guardado); err != nil {
		t.Fatal(err)
	}
}

func next(t *testing.T, c *tail.Cursor, want ...int64) {
	t.Helper()
	rows, more, err := c.Next(t.Context())
	if err != nil || more {
		t.Fatalf("more %t, %v", more, err)
	}
	if got := ids(rows); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func ids(rows []sample.Row) []int64 {
	var all []int64
	for _, row := range rows {
		all = append(all, row.ID)
	}
	return all
}

func TestTheGoldenTicks(t *testing.T) {
	s, db := open(t)
	ticks := golden.Ticks()
	c := tail.New(s, ticks[0].Cursor) // nothing below the golden rows
	for i, tick := range ticks {
		for _, row := range tick.Rows {
			put(t, db, row.ID, "2026-03-01 12:10:00")
		}
		next(t, c, ids(tick.Rows)...)
		if c.Position() != tick.Cursor {
			t.Errorf("tick %d: position %d, want %d", i, c.Position(), tick.Cursor)
		}
	}
	next(t, c)
}

func TestAHoleDiesByTheDatabasesClock(t *testing.T) {
	s, db := open(t)
	c := tail.New(s, 9)
	put(t, db, 10, "2026-03-01 12:00:00")
	put(t, db, 13, "2026-03-01 12:00:05")
	next(t, c, 10, 13)
	id := int64(13)
	row := func(after time.Duration) {
		t.Helper()
		id++
		put(t, db, id, time.Date(2026, 3, 1, 12, 0, 5, 0, time.UTC).Add(after).Format("2006-01-02 15:04:05.000000"))
		next(t, c, id)
	}
	for seconds := range 60 {
		row(time.Duration(seconds+1) * time.Second)
	}
	put(t, db, 11, "2026-03-01 12:00:01") // exactly the limit later it may still come
	next(t, c, 11)
	if c.Position() != 11 {
		t.Errorf("position %d, want 11: 12 is still open", c.Position())
	}
	row(60*time.Second + time.Microsecond)
	if c.Position() != id {
		t.Errorf("position %d, want %d: the hole is dead", c.Position(), id)
	}
	put(t, db, 12, "2026-03-01 12:00:01") // what cannot happen is not looked for
	next(t, c)
}

func TestAHoleOutlivesASuspendedDatabase(t *testing.T) {
	s, db := open(t)
	c := tail.New(s, 0)
	put(t, db, 2, "2026-03-01 12:00:00")
	next(t, c, 2)
	put(t, db, 3, "2026-03-01 18:00:00") // the machine slept with a transaction open, which now commits
	next(t, c, 3)
	put(t, db, 1, "2026-03-01 12:00:00")
	next(t, c, 1)
}

func TestMoreThanOneBatchIsReadAtOnce(t *testing.T) {
	s, _ := open(t)
	const rows, each = 5500, 500
	for range rows / each {
		batch := slices.Repeat([]sample.Sample{{Hora: sample.NewHora(time.Unix(0, 0))}}, each)
		if _, err := s.Insert(t.Context(), store.Request{API: "api2", Samples: batch}); err != nil {
			t.Fatal(err)
		}
	}
	c := tail.New(s, 0)
	first, more, err := c.Next(t.Context())
	if err != nil || !more {
		t.Fatalf("%d rows, more %t, %v", len(first), more, err)
	}
	second, more, err := c.Next(t.Context())
	if err != nil || more || len(first)+len(second) != rows {
		t.Errorf("%d and %d rows, more %t, %v; want %d", len(first), len(second), more, err, rows)
	}
}

func TestManyHolesAreAllLookedAt(t *testing.T) {
	s, db := open(t)
	const holes = 2500 // more than one statement takes
	for i := range holes {
		put(t, db, int64(2*i+2), "2026-03-01 12:00:00") // every odd id is missing
	}
	c := tail.New(s, 0)
	if _, _, err := c.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{1, 2001, 2*holes - 1, 2*holes + 1} {
		put(t, db, id, "2026-03-01 12:00:00")
	}
	next(t, c, 1, 2001, 2*holes-1, 2*holes+1)
}

// always answers every question with the rows of every second id.
type always struct{}

func (always) RowsAfter(_ context.Context, high int64, _ []store.Range, limit int) ([]store.Visible, error) {
	if high == sample.MaxInteger {
		return nil, nil
	}
	rows := make([]store.Visible, limit)
	for i := range rows {
		rows[i].ID = high + 2*int64(i) + 2
	}
	return rows, nil
}

func TestTooManyHolesGiveUpTheOldest(t *testing.T) {
	c := tail.New(always{}, 0)
	seen, position := 0, int64(0)
	for c.Forgotten() == 0 {
		rows, _, err := c.Next(t.Context())
		if err != nil || seen > 100_000 {
			t.Fatalf("%d holes are all kept, %v", seen, err)
		}
		seen += len(rows)
		position = c.Position()
	}
	if kept := int64(seen) - c.Forgotten(); kept != 20_000 || position != 2*c.Forgotten() {
		t.Errorf("%d of %d holes kept, position %d", kept, seen, position)
	}
}

// plain is the cursor that everybody writes: it forgets the holes.
type plain struct{ *store.Store }

func (p plain) RowsAfter(ctx context.Context, high int64, _ []store.Range, limit int) ([]store.Visible, error) {
	return p.Store.RowsAfter(ctx, high, nil, limit)
}

func TestNoCommittedRowIsMissedUnderConcurrentWriters(t *testing.T) {
	s, db := open(t)
	committed, seen := race(t, db, tail.New(s, 0))
	if !slices.Equal(seen, committed) {
		t.Errorf("%d rows committed, %d seen", len(committed), len(seen))
	}
}

// The test above must be able to fail.
func TestThePlainCursorMissesRows(t *testing.T) {
	s, db := open(t)
	committed, seen := race(t, db, tail.New(plain{s}, 0))
	if slices.Equal(seen, committed) {
		t.Error("a cursor without holes saw every row: the writers did not race")
	}
}

// race lets 32 writers commit and roll back with random pauses while the cursor reads, and returns the ids that
// were committed and those that were seen, both ascending.
func race(t *testing.T, db *sql.DB, c *tail.Cursor) (committed, seen []int64) {
	t.Helper()
	const writers, each = 32, 25
	db.SetMaxOpenConns(writers)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range writers {
		random := rand.New(rand.NewPCG(1, uint64(w))) // repeatable
		wg.Go(func() {
			for range each {
				id, err := write(t.Context(), db, time.Duration(random.IntN(8))*time.Millisecond, random.IntN(10) == 0)
				if err != nil {
					t.Error(err)
					return
				}
				if id > 0 {
					mu.Lock()
					committed = append(committed, id)
					mu.Unlock()
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	for last := false; ; {
		rows, more, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, ids(rows)...)
		if last && !more {
			break
		}
		select {
		case <-done:
			last = true
		default:
		}
	}
	slices.Sort(committed)
	slices.Sort(seen)
	return committed, seen
}

// write inserts a row, holds the transaction open for a while and ends it; the id is 0 when it was rolled back.
func write(ctx context.Context, db *sql.DB, hold time.Duration, rollback bool) (int64, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	result, err := tx.ExecContext(ctx, insert, nil, time.Now().UTC())
	if err != nil {
		return 0, err
	}
	time.Sleep(hold) // what is under test is time passing between the INSERT and the COMMIT
	if rollback {
		return 0, tx.Rollback()
	}
	if err := tx.Commit(); err != nil {
		return 0, err
	}
	return result.LastInsertId()
}
