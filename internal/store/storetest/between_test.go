package storetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// What happens to an INSERT, as its client and as the database see it.
func TestBetween(t *testing.T) {
	const late = 300 * time.Millisecond
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
			dsn := storetest.DSN(t)
			direct := storetest.Plain(t, dsn)
			if _, err := direct.ExecContext(t.Context(), "CREATE TABLE seen (id INT)"); err != nil {
				t.Fatal(err)
			}
			db := storetest.Plain(t, storetest.Between(t, dsn, func(statement string) storetest.Fate {
				if strings.HasPrefix(statement, "INSERT") {
					return tt.fate
				}
				return storetest.Fate{}
			}))
			if err := db.PingContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			_, err := db.ExecContext(t.Context(), "INSERT INTO seen VALUES (1)")
			if (err == nil) != tt.answered {
				t.Errorf("the client was told %v", err)
			}
			if took := time.Since(began); took < tt.takes || tt.takes == 0 && took > late {
				t.Errorf("took %s, want %s", took, tt.takes)
			}
			count := func() (rows int) {
				if err := direct.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM seen").Scan(&rows); err != nil {
					t.Fatal(err)
				}
				return rows
			}
			// The client of an answer that was cut may know before the database has carried the statement out.
			for end := time.Now().Add(10 * time.Second); tt.stored && count() == 0 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			if rows := count(); (rows == 1) != tt.stored {
				t.Errorf("%d rows; to be stored: %t", rows, tt.stored)
			}
		})
	}
}
