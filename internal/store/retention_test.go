package store_test

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

var keep = store.Retention{Rows: 14 * 24 * time.Hour, Minutes: 90 * 24 * time.Hour, Hours: 730 * 24 * time.Hour}

// aging is a migrated database in which rows can have any age.
type aging struct {
	*store.Store
	t  *testing.T
	db *sql.DB
}

func newAging(t *testing.T) *aging {
	t.Helper()
	dsn := storetest.DSN(t)
	a := &aging{storetest.Open(t, dsn), t, storetest.Plain(t, dsn)}
	if err := a.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *aging) exec(query string, args ...any) {
	a.t.Helper()
	if _, err := a.db.ExecContext(a.t.Context(), query, args...); err != nil {
		a.t.Fatal(err)
	}
}

// list is the one column that a query answers, in order.
func (a *aging) list(query string) (values []string) {
	a.t.Helper()
	rows, err := a.db.QueryContext(a.t.Context(), query)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			a.t.Fatal(err)
		}
		values = append(values, v)
	}
	if err := rows.Err(); err != nil {
		a.t.Fatal(err)
	}
	slices.Sort(values)
	return values
}

// sample stores a row with this id that is that old.
func (a *aging) sample(id int, seconds int) {
	a.t.Helper()
	a.exec(`INSERT INTO samples SELECT ?, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, '2026-03-01', 'vm', NULL, '', 'api1', NOW(6), NOW(6) - INTERVAL ? SECOND`, id, seconds)
}

// sweep takes the steps of one sweep, and counts the rows that it deleted by table.
func (a *aging) sweep(w *store.Sweep) map[string]int64 {
	a.t.Helper()
	deleted := map[string]int64{}
	for more := true; more; {
		var table string
		var rows int64
		var err error
		if table, rows, more, err = w.Next(a.t.Context()); err != nil {
			a.t.Fatal(err)
		}
		if rows > 1000 {
			a.t.Errorf("%d rows of %s in one statement", rows, table)
		}
		if rows > 0 {
			deleted[table] += rows
		}
	}
	return deleted
}

func (a *aging) left(column, table string, want ...string) {
	a.t.Helper()
	if got := a.list("SELECT " + column + " FROM " + table); !slices.Equal(got, want) {
		a.t.Errorf("%s: %v are left, want %v", table, got, want)
	}
}

const day = 24 * 3600

func TestSamplesAreRetiredWhenTheyAreOldAndRolledUp(t *testing.T) {
	a := newAging(t)
	for id, age := range []int{15 * day, 14*day + 60, 14*day - 60, 15 * day, 15 * day, 0} {
		a.sample(id+1, age)
	}
	w := a.Sweep(keep)
	if deleted := a.sweep(w); len(deleted) > 0 {
		t.Errorf("%v were deleted, and nothing is rolled up", deleted)
	}
	a.exec("UPDATE rollups SET position = 4")
	a.sweep(w)
	a.left("id", "samples", "3", "4", "5", "6") // 4 is behind one that stays: it goes with it
	a.exec("UPDATE samples SET guardado = guardado - INTERVAL 2 MINUTE WHERE id = 3")
	if deleted := a.sweep(w); deleted["samples"] != 2 {
		t.Errorf("%v were deleted", deleted)
	}
	a.left("id", "samples", "5", "6")
}

func TestEveryTableHasItsRetention(t *testing.T) {
	a := newAging(t)
	a.exec("UPDATE rollups SET routes = NOW(6)")
	for _, side := range []struct {
		name  string
		shift int // seconds
	}{{"gone", 60}, {"kept", -60}} {
		rows, minutes, hours := 14*day+side.shift, 90*day+side.shift, 730*day+side.shift
		a.exec("INSERT INTO requests VALUES (?, '', 'api1', '[1]', NOW(6) - INTERVAL ? SECOND)", side.name, rows)
		a.exec("INSERT INTO route_stats VALUES ('2026-03-01', 'api1', ?, 'direct', 1, 1, 0, '[]', NOW(6) - INTERVAL ? SECOND)", side.name, rows)
		a.exec("INSERT INTO routes_by_day VALUES (NOW() - INTERVAL ? SECOND, ?, 'direct', 1, 1, 0, '[]')", hours, side.name)
		for table, age := range map[string]int{"minute": minutes, "hour": hours} {
			a.exec("INSERT INTO samples_by_"+table+" VALUES (?, '2026-03-01', "+
				"1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, NULL, NULL, 1, 1, 1, NULL, NULL, 1, 1, 1, NULL, NULL, 1, 1, 1, NULL, NULL, NOW(6) - INTERVAL ? SECOND)", side.name, age)
			a.exec("INSERT INTO routes_by_"+table+" VALUES (NOW() - INTERVAL ? SECOND, ?, 'direct', 1, 1, 0, '[]')", age, side.name)
		}
	}
	want := map[string]string{
		"requests": "clave", "route_stats": "instance", "samples_by_minute": "host", "samples_by_hour": "host",
		"routes_by_minute": "api", "routes_by_hour": "api", "routes_by_day": "api",
	}
	if deleted := a.sweep(a.Sweep(keep)); len(deleted) != len(want) {
		t.Errorf("deleted %v", deleted)
	}
	for table, column := range want {
		a.left(column, table, "kept")
	}
}

func TestSecondsOfRoutesStayUntilTheyAreRolledUp(t *testing.T) {
	a := newAging(t)
	a.exec("INSERT INTO route_stats VALUES ('2026-03-01', 'api1', 'a', 'direct', 1, 1, 0, '[]', '2026-03-01')")
	w := a.Sweep(keep)
	for _, routes := range []string{"1970-01-01", "2026-03-01", "2026-03-01 00:01:00"} { // the last look may be repeated
		a.exec("UPDATE rollups SET routes = ?", routes)
		a.sweep(w)
		a.left("instance", "route_stats", "a")
	}
	a.exec("UPDATE rollups SET routes = '2026-03-01 00:01:00.000001'")
	a.sweep(w)
	a.left("instance", "route_stats")
}

// A writer goes on while a backlog of several statements is retired, and neither waits for the other.
func TestRetirementDoesNotStallAWriter(t *testing.T) {
	a := newAging(t)
	const old = 20_000
	a.exec(`INSERT INTO samples SELECT seq, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, '2026-03-01', 'vm', NULL, '', 'api1', NOW(6), NOW(6) - INTERVAL 15 DAY FROM seq_1_to_` + fmt.Sprint(old))
	a.exec("UPDATE rollups SET position = ?", old+100)
	done := make(chan map[string]int64)
	go func() { done <- a.sweep(a.Sweep(keep)) }()
	var written, slowest = 0, time.Duration(0)
	for {
		select {
		case deleted := <-done:
			if deleted["samples"] != old || len(a.list("SELECT id FROM samples")) != written || written == 0 {
				t.Errorf("deleted %v, %d were written meanwhile", deleted, written)
			}
			if slowest > time.Second {
				t.Errorf("a writer waited for %s", slowest)
			}
			return
		default:
		}
		began := time.Now()
		if _, err := a.Insert(t.Context(), request(fmt.Sprint("key ", written), 1, 1)); err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, time.Since(began))
		written++
	}
}

// What was deleted is stepped over once, also while the server keeps it for somebody who still reads the past.
func TestASweepGoesOnWhereItWas(t *testing.T) {
	a := newAging(t)
	a.sample(1, 15*day)
	a.sample(2, 0)
	a.exec("UPDATE rollups SET position = 2")
	w := a.Sweep(keep)
	a.sweep(w)
	a.sample(1, 15*day) // cannot happen, and is not looked for
	if deleted := a.sweep(w); len(deleted) > 0 {
		t.Errorf("%v were deleted", deleted)
	}
	if deleted := a.sweep(a.Sweep(keep)); deleted["samples"] != 1 {
		t.Errorf("a new sweep deleted %v", deleted)
	}
}
