package store_test

import (
	"bytes"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// cutter stands between a store and its database and cuts the connection that says something.
type cutter struct {
	database string // socket
	said     []byte // what is waited for; nothing is cut while it is empty
	deliver  bool   // the database still hears it; only its answer is lost

	mu   sync.Mutex
	cuts int
	all  bytes.Buffer // everything that was said
}

// through opens a store on the database of dsn through a cutter.
func through(t *testing.T, dsn string) (*store.Store, *cutter) {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{database: config.Addr}
	config.Addr = filepath.Join(t.TempDir(), "sock")
	var listen net.ListenConfig
	ln, err := listen.Listen(t.Context(), "unix", config.Addr)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { c.serve(conn) })
		}
	})
	s := storetest.Open(t, config.FormatDSN())
	t.Cleanup(func() {
		_ = ln.Close()
		_ = s.Close()
		serving.Wait()
	})
	return s, c
}

func (c *cutter) serve(client net.Conn) {
	database, err := net.Dial("unix", c.database)
	if err != nil {
		_ = client.Close()
		return
	}
	var answering sync.WaitGroup
	var mute sync.Mutex // held for good once the answer must be lost
	answering.Go(func() {
		buffer := make([]byte, 64<<10)
		for {
			n, err := database.Read(buffer)
			mute.Lock()
			_, writeErr := client.Write(buffer[:n])
			mute.Unlock()
			if errors.Join(err, writeErr) != nil {
				return
			}
		}
	})
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if c.hears(buffer[:n]) {
			if c.deliver {
				mute.Lock()
				_ = client.Close()
				_, _ = database.Write(buffer[:n])
				// The database closes its side when it has carried out what it heard and finds nobody to tell.
				_ = database.(*net.UnixConn).CloseWrite()
				mute.Unlock()
			}
			break
		}
		if _, writeErr := database.Write(buffer[:n]); errors.Join(err, writeErr) != nil {
			break
		}
	}
	_ = client.Close()
	if !c.deliver {
		_ = database.Close()
	}
	answering.Wait()
	_ = database.Close()
}

// hears says whether this is what to cut at; it cuts once.
func (c *cutter) hears(what []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.Write(what)
	if len(c.said) == 0 || c.cuts > 0 || !bytes.Contains(what, c.said) {
		return false
	}
	c.cuts++
	return true
}

func TestWhatIsSaidWhenTheConnectionDies(t *testing.T) {
	for name, tt := range map[string]struct {
		key, said string
		deliver   bool
		notStored bool // what must be said of the first attempt
	}{
		"before the INSERT arrives":          {"", "INSERT INTO samples", false, false}, // it was sent: who knows
		"after the INSERT":                   {"", "INSERT INTO samples", true, false},
		"with a key, before the look-up":     {"k", "FROM requests", false, true},
		"with a key, in the transaction":     {"k", "INSERT INTO samples", true, true},
		"with a key, at the key":             {"k", "INSERT INTO requests", true, true},
		"with a key, before COMMIT arrives":  {"k", "COMMIT", false, false},
		"with a key, after COMMIT":           {"k", "COMMIT", true, false},
		"with a key, nothing happens at all": {"k", "", false, false},
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
			c.mu.Lock()
			c.said, c.deliver = []byte(tt.said), tt.deliver
			c.mu.Unlock()
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
	c.mu.Lock()
	c.said = []byte("SELECT 1 FROM samples, requests")
	c.mu.Unlock()
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
