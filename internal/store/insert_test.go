package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// together inserts requests in one go.
func together(t *testing.T, s *store.Store, requests ...store.Request) []store.Outcome {
	t.Helper()
	conn, err := s.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.Insert(t.Context(), requests)
}

// request is one whose rows can be told from others': their total_ram is mark, mark+1, ….
func request(key string, mark, samples int) store.Request {
	r := store.Request{API: "api2", Recibido: received, Key: key, Content: [32]byte{byte(mark)}}
	for i := range samples {
		r.Samples = append(r.Samples, sample.Sample{TotalRAM: int64(mark + i), Hora: sample.NewHora(received.Time)})
	}
	return r
}

// checkOwn fails unless the ids that a request was told are those of its rows, in their order.
func checkOwn(t *testing.T, rows map[int64]int64, r store.Request, outcome store.Outcome) {
	t.Helper()
	if outcome.Err != nil || len(outcome.Answer.IDs) != len(r.Samples) {
		t.Errorf("request %d: %+v", r.Samples[0].TotalRAM, outcome)
		return
	}
	for i, id := range outcome.Answer.IDs {
		if mark, ok := rows[id]; !ok || mark != r.Samples[i].TotalRAM {
			t.Errorf("sample %d was told id %d, which is of %d (%t)", r.Samples[i].TotalRAM, id, mark, ok)
		}
	}
}

func TestRequestsTogetherGetTheirOwnIDs(t *testing.T) {
	s := storetest.New(t)
	requests := []store.Request{request("", 100, 1), request("a", 200, 3), request("", 300, 2), request("b", 400, 1)}
	outcomes := together(t, s, requests...)
	rows := storetest.Marks(t, s)
	if len(rows) != 7 {
		t.Errorf("%d rows, want 7", len(rows))
	}
	for i, r := range requests {
		checkOwn(t, rows, r, outcomes[i])
	}
	// And again: those with a key are known.
	for i, again := range together(t, s, requests...) {
		if same := slices.Equal(again.Answer.IDs, outcomes[i].Answer.IDs); same != (requests[i].Key != "") || same != again.Answer.Replayed {
			t.Errorf("request %d, sent again: %+v, first %+v", i, again, outcomes[i])
		}
	}
}

// Ids are taken while other writers take theirs: the run of one statement must still be whole.
func TestIDsAreRightUnderConcurrentWriters(t *testing.T) {
	s := storetest.New(t)
	const writers, rounds = 12, 15
	type told struct {
		request store.Request
		outcome store.Outcome
	}
	all := make([][]told, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for round := range rounds {
				var requests []store.Request
				for i := range 1 + (w+round)%5 {
					key := ""
					if (w+i)%3 == 0 {
						key = fmt.Sprintf("%d-%d-%d", w, round, i)
					}
					requests = append(requests, request(key, 1000*(w*rounds+round)+100*i, 1+(w+i)%4))
				}
				if w%4 == 0 { // a direct one among them
					requests = requests[:1]
				}
				for i, outcome := range together(t, s, requests...) {
					all[w] = append(all[w], told{requests[i], outcome})
				}
			}
		})
	}
	wg.Wait()
	rows := storetest.Marks(t, s)
	samples := 0
	for _, list := range all {
		for _, one := range list {
			samples += len(one.request.Samples)
			checkOwn(t, rows, one.request, one.outcome)
		}
	}
	if len(rows) != samples {
		t.Errorf("%d rows for %d samples", len(rows), samples)
	}
}

func TestEqualKeysTogetherAreStoredOnce(t *testing.T) {
	s := storetest.New(t)
	first, other := request("k", 1, 2), request("k", 9, 2)
	got := together(t, s, first, request("", 5, 1), first, other)
	if len(storetest.Marks(t, s)) != 3 {
		t.Errorf("stored %v, want three rows", storetest.Marks(t, s))
	}
	if got[0].Err != nil || got[0].Answer.Replayed || got[2].Err != nil || !got[2].Answer.Replayed ||
		!slices.Equal(got[0].Answer.IDs, got[2].Answer.IDs) {
		t.Errorf("first %+v, its like %+v", got[0], got[2])
	}
	if !errors.Is(got[3].Err, store.ErrKeyReused) {
		t.Errorf("another body: %+v", got[3])
	}
}

// The first of a key in a batch is not the first that was stored.
func TestARetryBehindAnotherBodyGetsItsAnswer(t *testing.T) {
	s := storetest.New(t)
	right, wrong := request("k", 1, 2), request("k", 9, 1)
	first := together(t, s, right)[0]
	got := together(t, s, wrong, right)
	if !errors.Is(got[0].Err, store.ErrKeyReused) {
		t.Errorf("another body: %+v", got[0])
	}
	if got[1].Err != nil || !slices.Equal(got[1].Answer.IDs, first.Answer.IDs) {
		t.Errorf("the retry: %+v, first %+v", got[1], first)
	}
}

func TestARefusedRequestDoesNotTakeTheOthersWithIt(t *testing.T) {
	for _, key := range []string{"", "k"} {
		s := storetest.New(t)
		var requests []store.Request
		for i := range 20 {
			r := request("", 10*i, 1)
			if key != "" {
				r.Key = fmt.Sprint(key, i)
			}
			if i == 3 || i == 13 {
				r.API = strings.Repeat("x", 33) // longer than its column
			}
			requests = append(requests, r)
		}
		outcomes := together(t, s, requests...)
		rows := storetest.Marks(t, s)
		if len(rows) != 18 {
			t.Errorf("key %q: %d rows, want 18", key, len(rows))
		}
		for i, r := range requests {
			if i != 3 && i != 13 {
				checkOwn(t, rows, r, outcomes[i])
			} else if !errors.Is(outcomes[i].Err, store.ErrNotStored) || len(outcomes[i].Answer.IDs) > 0 {
				t.Errorf("the refused one: %+v", outcomes[i])
			}
		}
	}
}

// hold stores a key in a transaction of somebody else's, which ends with commit or rollback.
func hold(t *testing.T, dsn, key string, r store.Request) (end func(string)) {
	t.Helper()
	db := storetest.Plain(t, dsn)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := conn.ExecContext(context.WithoutCancel(t.Context()), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("START TRANSACTION")
	exec("INSERT INTO requests VALUES (?, ?, 'api1', '[77]', NOW())", key, r.Content[:])
	return func(how string) { exec(how) }
}

// awaitInsert returns when an INSERT of keys waits for what hold holds.
func awaitInsert(t *testing.T, dsn string) {
	t.Helper()
	db := storetest.Plain(t, dsn)
	patience, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for n := 0; n == 0; {
		err := db.QueryRowContext(patience, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'INSERT INTO requests (%'").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAKeyThatSomebodyElseStoresMeanwhileIsReadAgain(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	requests := []store.Request{request("", 1, 1), request("mine", 2, 1), request("theirs", 3, 1)}
	commit := hold(t, dsn, "theirs", requests[2])
	done := make(chan []store.Outcome)
	go func() { done <- together(t, s, requests...) }()
	awaitInsert(t, dsn)
	commit("COMMIT")
	outcomes := <-done
	rows := storetest.Marks(t, s)
	checkOwn(t, rows, requests[0], outcomes[0])
	checkOwn(t, rows, requests[1], outcomes[1])
	if theirs := outcomes[2]; theirs.Err != nil || !theirs.Answer.Replayed || !slices.Equal(theirs.Answer.IDs, []int64{77}) {
		t.Errorf("%+v, want the other's answer", theirs)
	}
	if len(rows) != 2 {
		t.Errorf("%d rows, want 2", len(rows))
	}
}

func TestABusyKeyHoldsUpOnlyThoseWithKeys(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	requests := []store.Request{request("", 1, 1), request("mine", 2, 1), request("theirs", 3, 1)}
	end := hold(t, dsn, "theirs", requests[2])
	defer end("ROLLBACK")
	outcomes := together(t, s, requests...)
	rows := storetest.Marks(t, s)
	checkOwn(t, rows, requests[0], outcomes[0])
	for _, outcome := range outcomes[1:] {
		if !errors.Is(outcome.Err, store.ErrKeyBusy) || !errors.Is(outcome.Err, store.ErrNotStored) {
			t.Errorf("%+v, want ErrKeyBusy", outcome)
		}
	}
	if len(rows) != 1 {
		t.Errorf("%d rows, want the one without a key", len(rows))
	}
}

func TestTheSameKeysInAnyOrderDoNotDeadlock(t *testing.T) {
	s := storetest.New(t)
	const rounds, keys = 20, 30
	for round := range rounds {
		var requests []store.Request
		for i := range keys {
			requests = append(requests, request(fmt.Sprintf("%d-%d", round, i), i, 1))
		}
		backwards := slices.Clone(requests)
		slices.Reverse(backwards)
		var wg sync.WaitGroup
		for _, order := range [][]store.Request{requests, backwards, requests} {
			wg.Go(func() {
				for i, outcome := range together(t, s, order...) {
					if outcome.Err != nil {
						t.Errorf("round %d, key %s: %v", round, order[i].Key, outcome.Err)
					}
				}
			})
		}
		wg.Wait()
	}
	if n := len(storetest.Marks(t, s)); n != rounds*keys {
		t.Errorf("%d rows, want each key once: %d", n, rounds*keys)
	}
}

func TestWhatIsSentIsNotGivenUpWithItsContext(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	mine := request("theirs", 3, 1)
	end := hold(t, dsn, "theirs", mine)
	leaving, leave := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.Insert(leaving, mine)
		done <- err
	}()
	awaitInsert(t, dsn)
	leave()
	select {
	case err := <-done:
		t.Fatalf("given up: %v", err)
	case <-time.After(100 * time.Millisecond): // that it goes on shows only in time
	}
	end("ROLLBACK")
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := s.Insert(leaving, mine); !errors.Is(err, store.ErrNotStored) {
		t.Errorf("nobody waits any more before anything was sent: %v", err)
	}
}
