package store_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// cutter cuts a store's connection when it says something, once.
type cutter struct {
	mu   sync.Mutex
	said string // what is waited for; nothing is cut while it is empty
	how  storetest.Fate
	cuts int
	all  strings.Builder // everything that was said
}

var (
	before = storetest.Fate{Statement: storetest.Leg{Cut: true}} // the database never hears it
	after  = storetest.Fate{Answer: storetest.Leg{Cut: true}}    // only its answer is lost
)

// through opens a store on the database of dsn through a cutter.
func through(t *testing.T, dsn string) (*store.Store, *cutter) {
	t.Helper()
	c := &cutter{}
	return storetest.Open(t, storetest.Between(t, dsn, c.hears)), c
}

func (c *cutter) cut(said string, how storetest.Fate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said, c.how = said, how
}

func (c *cutter) hears(statement string) storetest.Fate {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.WriteString(statement)
	if c.said == "" || c.cuts > 0 || !strings.Contains(statement, c.said) {
		return storetest.Fate{}
	}
	c.cuts++
	return c.how
}

func TestWhatIsSaidWhenTheConnectionDies(t *testing.T) {
	for name, tt := range map[string]struct {
		key, said string
		how       storetest.Fate
		notStored bool // what must be said of the first attempt
	}{
		"before the INSERT arrives":          {"", "INSERT INTO samples", before, false}, // it was sent: who knows
		"after the INSERT":                   {"", "INSERT INTO samples", after, false},
		"with a key, before the look-up":     {"k", "FROM requests", before, true},
		"with a key, in the transaction":     {"k", "INSERT INTO samples", after, true},
		"with a key, at the key":             {"k", "INSERT INTO requests", after, true},
		"with a key, before COMMIT arrives":  {"k", "COMMIT", before, false},
		"with a key, after COMMIT":           {"k", "COMMIT", after, false},
		"with a key, nothing happens at all": {"k", "", storetest.Fate{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := storetest.DSN(t)
			direct := storetest.Open(t, dsn)
			if err := direct.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			s, c := through(t, dsn)
			if err := s.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.cut(tt.said, tt.how)
			request := store.Request{API: "api1", Samples: recording(t)[:2], Recibido: received, Key: tt.key}
			first, err := s.Insert(t.Context(), request)
			if tt.said == "" {
				if err != nil {
					t.Fatal(err)
				}
			} else if err == nil || errors.Is(err, store.ErrNotStored) != tt.notStored {
				t.Fatalf("said %v, cut %d times; that nothing was stored is to be said: %t", err, c.cuts, tt.notStored)
			}
			if tt.key == "" {
				return
			}
			// The retry that the answer asks for, as soon as the database has let go of the first attempt.
			again, err := s.Insert(t.Context(), request)
			if err != nil {
				t.Fatalf("retry: %v", err)
			}
			if tt.said == "" && again.IDs[0] != first.IDs[0] {
				t.Errorf("retry: %v, first: %v", again, first)
			}
			rows, err := direct.RowsAfter(t.Context(), 0, nil, 100)
			if err != nil || len(rows) != 2 || rows[0].ID != again.IDs[0] {
				t.Errorf("%d rows, %v, answered %v; want the request once", len(rows), err, again.IDs)
			}
		})
	}
}

func TestAConnectionThatDiedIdleIsNoError(t *testing.T) {
	dsn := storetest.DSN(t)
	if err := storetest.Open(t, dsn).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, c := through(t, dsn)
	request := store.Request{API: "api1", Samples: recording(t)[:1], Recibido: received}
	if _, err := s.Insert(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	// The pool's connection is cut between two requests, by a statement of somebody who shares it.
	c.cut("SELECT 1 FROM samples, requests, route_stats", before)
	_ = s.Ping(t.Context())
	if _, err := s.Insert(t.Context(), request); err != nil {
		t.Error(err)
	}
}

func TestEverySessionIsPrepared(t *testing.T) {
	dsn := storetest.DSN(t)
	s, c := through(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, want := range []string{
		"time_zone", "'+00:00'", "innodb_lock_wait_timeout", "lock_wait_timeout", "wait_timeout", "READ COMMITTED",
	} {
		if !strings.Contains(c.all.String(), want) {
			t.Errorf("no connection said %s", want)
		}
	}
}

func TestALockThatIsHeldTooLongStoresNothing(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	request := store.Request{API: "api1", Samples: recording(t)[:1], Recibido: received, Key: "held"}
	// Somebody else holds the key in a transaction that does not end.
	db := storetest.Plain(t, dsn)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO requests VALUES ('held', '', 'api1', '[1]', NOW())"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err = s.Insert(t.Context(), request)
	if !errors.Is(err, store.ErrNotStored) || time.Since(began) > 10*time.Second {
		t.Errorf("after %s: %v; want ErrNotStored after the lock wait of 5 s", time.Since(began), err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Insert(t.Context(), request); err != nil {
		t.Errorf("retry: %v", err)
	}
	if rows, err := s.RowsAfter(t.Context(), 0, nil, 10); err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}
