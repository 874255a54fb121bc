package scale

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const insert = `INSERT INTO samples (total_ram, ram_libre, uso_ram, porcentaje_ram, porcentaje_cpu_uso, porcentaje_cpu_libre,
	procesos_corriendo, total_procesos, procesos_durmiendo, procesos_zombie, procesos_parados, hora, host, secuencia,
	fuente, api, recibido, guardado) VALUES (2, 1, 1, 50, 50, 50, 1, 1, 0, 0, 0, ?, 'vm', NULL, '', 'api1', ?, ?)`

// What lies between two rows, so that the test sees in seconds what takes minutes: holes that die (60 s of the
// database's time) and rows that leave the live window (300 s of hora), which is therefore much smaller than the table.
const (
	storedEvery  = 90 * time.Millisecond
	sampledEvery = 3 * time.Second
)

// writers are many ingest instances: each row is a transaction of its own, which takes its id, then its time, and then
// is committed or, one time in ten, rolled back.
type writers struct {
	db    *sql.DB
	begin time.Time
	rows  atomic.Int64 // inserted

	quiet sync.RWMutex  // held for reading by each transaction
	leap  time.Duration // of the database's clock

	mu        sync.Mutex
	committed []int64
}

func newWriters(db *sql.DB) *writers {
	return &writers{db: db, begin: time.Now().UTC().Add(-time.Hour).Truncate(time.Second)}
}

const writing = 32 // goroutines, with a connection each

// run writes until ctx ends, and returns when the last transaction has ended.
func (w *writers) run(ctx context.Context, t *testing.T) {
	var all sync.WaitGroup
	for i := range writing {
		random := rand.New(rand.NewPCG(5, uint64(i))) // repeatable
		all.Go(func() {
			for ctx.Err() == nil {
				hold, rest := random.IntN(60), random.IntN(200)
				if err := w.write(t.Context(), time.Duration(hold)*time.Millisecond, random.IntN(10) == 0); err != nil {
					t.Errorf("write: %v", err)
					return
				}
				wait(ctx, time.Duration(rest)*time.Millisecond)
			}
		})
	}
	all.Wait()
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// write is one transaction.
func (w *writers) write(ctx context.Context, hold time.Duration, rollback bool) error {
	w.quiet.RLock()
	defer w.quiet.RUnlock()
	tx, id, err := w.insert(ctx)
	if err != nil {
		return err
	}
	wait(ctx, hold) // what is under test is time that passes between the INSERT and the COMMIT
	if rollback {
		return tx.Rollback()
	}
	return w.commit(tx, id)
}

func (w *writers) insert(ctx context.Context) (tx *sql.Tx, id int64, err error) {
	if tx, err = w.db.BeginTx(ctx, nil); err != nil {
		return nil, 0, err
	}
	n := time.Duration(w.rows.Add(1))
	result, err := tx.ExecContext(ctx, insert, w.begin.Add(n*sampledEvery), time.Now().UTC(), w.begin.Add(w.leap+n*storedEvery))
	if err != nil {
		return nil, 0, err
	}
	id, err = result.LastInsertId()
	return tx, id, err
}

func (w *writers) commit(tx *sql.Tx, id int64) error {
	if err := tx.Commit(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.committed = append(w.committed, id)
	return nil
}

// sleep lets the database's clock leap, as that of a machine which was suspended, while no transaction is open.
func (w *writers) sleep(leap time.Duration) {
	w.quiet.Lock()
	defer w.quiet.Unlock()
	w.leap += leap
}

func (w *writers) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.committed)
}

// awaitRows returns when so many rows are committed.
func (w *writers) awaitRows(t *testing.T, rows int) {
	t.Helper()
	await(t, "rows are written", func() bool { return t.Failed() || w.count() >= rows })
}

// all is every committed id, ascending.
func (w *writers) all() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(slices.Values(w.committed))
}
