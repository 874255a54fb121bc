package storetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const late = 300 * time.Millisecond

// What happens to an INSERT, as its client and as the database see it.
func TestBetween(t *testing.T) {
	for name, tt := range map[string]struct {
		fate     storetest.Fate
		answered bool
		stored   bool
		takes    time.Duration
	}{
		"nothing":              {storetest.Fate{}, true, true, 0},
		"cut on its way":       {storetest.Fate{Statement: storetest.Leg{Cut: true}}, false, false, 0},
		"late":                 {storetest.Fate{Statement: storetest.Leg{Delay: late}}, true, true, late},
		"its answer cut":       {storetest.Fate{Answer: storetest.Leg{Cut: true}}, false, true, 0},
		"its answer late":      {storetest.Fate{Answer: storetest.Leg{Delay: late}}, true, true, late},
		"its answer late, cut": {storetest.Fate{Answer: storetest.Leg{Delay: late, Cut: true}}, false, true, late},
	} {
		t.Run(name, func(t *testing.T) {
			answered, stored, took := insert(t, tt.fate, "INSERT INTO seen VALUES (1)")
			check(t, answered == tt.answered && stored == tt.stored, took, tt.takes)
		})
		t.Run(name+", prepared", func(t *testing.T) {
			answered, stored, took := insert(t, tt.fate, "INSERT INTO seen VALUES (?)", 1)
			check(t, answered == tt.answered && stored == tt.stored, took, tt.takes)
		})
	}
}

func check(t *testing.T, asWanted bool, took, want time.Duration) {
	t.Helper()
	if !asWanted {
		t.Error("answered or stored, and was not to be, or the other way round")
	}
	if took < want || want == 0 && took > late {
		t.Errorf("took %s, want %s", took, want)
	}
}

// insert executes a statement through a proxy that lets this happen to it.
func insert(t *testing.T, fate storetest.Fate, query string, values ...any) (answered, stored bool, took time.Duration) {
	t.Helper()
	dsn := storetest.DSN(t)
	direct := storetest.Plain(t, dsn)
	if _, err := direct.ExecContext(t.Context(), "CREATE TABLE seen (id INT)"); err != nil {
		t.Fatal(err)
	}
	db := storetest.Plain(t, storetest.Between(t, dsn, func(statement string) storetest.Fate {
		if strings.HasPrefix(statement, "INSERT") {
			return fate
		}
		return storetest.Fate{}
	}))
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err := db.ExecContext(t.Context(), query, values...)
	took = time.Since(began)
	// The client of an answer that was cut may know before the database has carried the statement out.
	rows := 0
	for end := time.Now().Add(time.Second); rows == 0 && time.Now().Before(end); {
		if err := direct.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM seen").Scan(&rows); err != nil {
			t.Fatal(err)
		}
	}
	return err == nil, rows == 1, took
}
