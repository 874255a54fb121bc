package batch_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/functions/internal/batch"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var moment = time.Date(2026, 3, 1, 12, 10, 0, 0, time.UTC)

// request is one whose rows have total_ram mark, mark+1, ….
func request(key string, mark, samples int) store.Request {
	r := store.Request{API: "api2", Recibido: sample.NewRecibido(moment), Key: key, Content: [32]byte{byte(mark)}}
	for i := range samples {
		r.Samples = append(r.Samples, sample.Sample{TotalRAM: int64(mark + i), Hora: sample.NewHora(moment)})
	}
	return r
}

// writer is a batch writer on a database of its own, configured as the command does, and a plain pool beside it.
func writer(t *testing.T) (*batch.Writer, *store.Store, *sql.DB, func()) {
	t.Helper()
	dsn := storetest.DSN(t)
	variables := map[string]string{"PULSO_DB_DSN": dsn, "PULSO_MIGRATE": "on"}
	env := service.NewEnv(func(name string) (string, bool) { v, ok := variables[name]; return v, ok })
	config := store.FromEnv(env, 4)
	config.LockWait = time.Second
	db, err := config.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := batch.New(db)
	closeOnce := sync.OnceFunc(w.Close)
	t.Cleanup(func() {
		closeOnce()
		_ = db.Close()
	})
	return w, db, storetest.Plain(t, dsn), closeOnce
}

// locked keeps everybody from writing samples until the function that it returns is called.
func locked(t *testing.T, db *sql.DB) (unlock func()) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "LOCK TABLES samples WRITE"); err != nil {
		t.Fatal(err)
	}
	unlock = sync.OnceFunc(func() {
		_, err := conn.ExecContext(context.Background(), "UNLOCK TABLES")
		if err := errors.Join(err, conn.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(unlock)
	return unlock
}

// await returns when a statement that begins so is being carried out.
func await(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	patience, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for n := 0; n == 0; {
		err := db.QueryRowContext(patience, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE ?", statement+"%").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func awaitWaiting(w *batch.Writer, n int) {
	for now := -1; now != n; now, _ = w.Waiting() {
	}
}

// inserts is how many INSERTs the server has carried out.
func inserts(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	var name string
	if err := db.QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Com_insert'").Scan(&name, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

type result struct {
	answer store.Answer
	err    error
}

// start inserts in the background.
func start(ctx context.Context, w *batch.Writer, r store.Request) <-chan result {
	done := make(chan result, 1)
	go func() {
		answer, err := w.Insert(ctx, r)
		done <- result{answer, err}
	}()
	return done
}

func TestEveryoneIsAnsweredWithTheirOwnIDs(t *testing.T) {
	w, db, plain, _ := writer(t)
	const users, rounds = 150, 8
	before := inserts(t, plain)
	answers := make([][]store.Answer, users)
	var wg sync.WaitGroup
	for u := range users {
		wg.Go(func() {
			for round := range rounds {
				key := ""
				if u%3 == 0 {
					key = fmt.Sprintf("%d-%d", u, round)
				}
				answer, err := w.Insert(t.Context(), request(key, 10*(u*rounds+round), 1+u%4))
				if err != nil {
					t.Error(err)
					return
				}
				answers[u] = append(answers[u], answer)
			}
		})
	}
	wg.Wait()
	rows, told := storetest.Marks(t, db), 0
	for u, list := range answers {
		for round, answer := range list {
			for i, id := range answer.IDs {
				told++
				if mark := rows[id]; mark != int64(10*(u*rounds+round)+i) {
					t.Errorf("user %d was told id %d, which is of %d", u, id, mark)
				}
			}
		}
	}
	if told != len(rows) {
		t.Errorf("%d ids were told, %d rows are stored", told, len(rows))
	}
	if n := inserts(t, plain) - before; n > users*rounds/2 {
		t.Errorf("%d statements for %d requests: that is no batching", n, users*rounds)
	}
}

func TestABatchIsBoundedAndARequestStaysWhole(t *testing.T) {
	w, db, plain, _ := writer(t)
	unlock := locked(t, plain)
	first := start(t.Context(), w, request("", 0, 1))
	await(t, plain, "INSERT INTO samples")
	before := inserts(t, plain)
	var waiting []<-chan result
	for i, samples := range []int{300, 200, 1, 1000, 2} { // in batches: 300+200, 1, 1000, 2
		waiting = append(waiting, start(t.Context(), w, request("", 1000*(i+1), samples)))
		awaitWaiting(w, i+1)
	}
	unlock()
	if r := <-first; r.err != nil {
		t.Fatal(r.err)
	}
	for i, samples := range []int{300, 200, 1, 1000, 2} {
		r := <-waiting[i]
		if r.err != nil || len(r.answer.IDs) != samples || r.answer.IDs[samples-1]-r.answer.IDs[0] != int64(samples-1) {
			t.Errorf("request of %d samples: %d ids, %v", samples, len(r.answer.IDs), r.err)
		}
	}
	if n := inserts(t, plain) - before; n != 4 {
		t.Errorf("%d statements, want 4", n)
	}
	if n := len(storetest.Marks(t, db)); n != 1504 {
		t.Errorf("%d rows", n)
	}
}

// Few sizes: from 32 rows on, multiples of eight, and the rest in the next batch.
func TestSizesOfBatches(t *testing.T) {
	for waiting, statements := range map[int]int{31: 1, 32: 1, 45: 2, 48: 1} {
		w, db, plain, _ := writer(t)
		unlock := locked(t, plain)
		all := []<-chan result{start(t.Context(), w, request("", 0, 1))}
		await(t, plain, "INSERT INTO samples")
		before := inserts(t, plain)
		for range waiting {
			all = append(all, start(t.Context(), w, request("", 0, 1)))
		}
		awaitWaiting(w, waiting)
		unlock()
		for _, one := range all {
			if r := <-one; r.err != nil {
				t.Error(r.err)
			}
		}
		// Prepared ones count as executions of their own kind.
		if n := inserts(t, plain) - before; n != statements {
			t.Errorf("%d requests that wait: %d statements, want %d", waiting, n, statements)
		}
		if n := len(storetest.Marks(t, db)); n != waiting+1 {
			t.Errorf("%d rows, want %d", n, waiting+1)
		}
	}
}

func TestWhoLeavesBeforeBeingSentIsNotStored(t *testing.T) {
	w, db, plain, _ := writer(t)
	unlock := locked(t, plain)
	leaving, leave := context.WithCancel(t.Context())
	sent := start(leaving, w, request("", 1, 1))
	await(t, plain, "INSERT INTO samples")
	queued := start(leaving, w, request("", 2, 1))
	awaitWaiting(w, 1)
	stays := start(t.Context(), w, request("", 3, 1))
	awaitWaiting(w, 2)
	leave()
	if r := <-queued; !errors.Is(r.err, store.ErrNotStored) || !errors.Is(r.err, context.Canceled) {
		t.Errorf("who left the queue: %+v", r)
	}
	if now, _ := w.Waiting(); now != 1 {
		t.Errorf("%d in the queue, want one", now)
	}
	unlock()
	if r := <-sent; r.err != nil {
		t.Errorf("who left after being sent: %v", r.err)
	}
	if r := <-stays; r.err != nil {
		t.Error(r.err)
	}
	var marks []int64
	for _, mark := range storetest.Marks(t, db) {
		marks = append(marks, mark)
	}
	slices.Sort(marks)
	if !slices.Equal(marks, []int64{1, 3}) {
		t.Errorf("stored %v, want 1 and 3", marks)
	}
}

func TestAFullQueueRefuses(t *testing.T) {
	w, _, plain, _ := writer(t)
	unlock := locked(t, plain)
	first := start(t.Context(), w, request("", 1, 1))
	await(t, plain, "INSERT INTO samples")
	_, most := w.Waiting()
	leaving, leave := context.WithCancel(t.Context())
	var waiting []<-chan result
	for range most {
		waiting = append(waiting, start(leaving, w, request("", 2, 1)))
	}
	awaitWaiting(w, most)
	if _, err := w.Insert(t.Context(), request("", 3, 1)); !errors.Is(err, store.ErrNotStored) {
		t.Errorf("%v", err)
	}
	leave()
	for _, one := range waiting {
		<-one
	}
	unlock()
	if r := <-first; r.err != nil {
		t.Error(r.err)
	}
}

func TestCloseStoresWhatWaits(t *testing.T) {
	w, db, plain, closeWriter := writer(t)
	unlock := locked(t, plain)
	all := []<-chan result{start(t.Context(), w, request("", 1, 1))}
	await(t, plain, "INSERT INTO samples")
	for i := range 5 {
		all = append(all, start(t.Context(), w, request(fmt.Sprint("k", i), 10*i, 1)))
	}
	awaitWaiting(w, 5)
	closed := make(chan struct{})
	go func() {
		closeWriter()
		close(closed)
	}()
	select {
	case <-closed:
		t.Fatal("closed with a queue")
	case <-time.After(50 * time.Millisecond): // that it waits shows only in time
	}
	unlock()
	<-closed
	for _, one := range all {
		if r := <-one; r.err != nil {
			t.Error(r.err)
		}
	}
	if n := len(storetest.Marks(t, db)); n != 6 {
		t.Errorf("%d rows, want 6", n)
	}
}

func TestABusyKeyIsWaitedForApart(t *testing.T) {
	w, db, plain, _ := writer(t)
	busy := request("busy", 5, 1)
	tx, err := plain.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO requests VALUES ('busy', ?, 'api1', '[99]', NOW())", busy.Content[:]); err != nil {
		t.Fatal(err)
	}
	unlock := locked(t, plain)
	all := []<-chan result{start(t.Context(), w, request("", 1, 1))}
	await(t, plain, "INSERT INTO samples")
	for i, r := range []store.Request{request("", 2, 1), busy, request("free", 3, 1)} {
		all = append(all, start(t.Context(), w, r))
		awaitWaiting(w, i+1)
	}
	unlock()
	for _, i := range []int{0, 1, 3} {
		if r := <-all[i]; r.err != nil {
			t.Errorf("request %d: %v", i, r.err)
		}
	}
	if _, err := w.Insert(t.Context(), request("", 4, 1)); err != nil {
		t.Errorf("meanwhile: %v", err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	switch r := <-all[2]; {
	case r.err == nil && r.answer.IDs[0] == 99:
	case errors.Is(r.err, store.ErrNotStored): // its lock wait ended before the other's commit
		again, err := w.Insert(t.Context(), busy)
		if err != nil || again.IDs[0] != 99 {
			t.Errorf("%+v, %v", again, err)
		}
	default:
		t.Errorf("%+v", r)
	}
	if n := len(storetest.Marks(t, db)); n != 4 {
		t.Errorf("%d rows, want 4", n)
	}
}

func TestADatabaseThatIsAwayIsSaidAtOnce(t *testing.T) {
	db, err := store.Open("root@unix(/nowhere/sock)/pulso", 1)
	if err != nil {
		t.Fatal(err)
	}
	w := batch.New(db)
	defer w.Close()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := w.Insert(t.Context(), request("", 1, 1)); !errors.Is(err, store.ErrNotStored) {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
}
