package hub_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/socket/internal/hub"
)

// catchUp reads the rows that a client with this cursor gets before its snapshot.
func catchUp(t *testing.T, h *hub.Hub, cursor int64) (missed []int64, cursors []int64, s event.Snapshot) {
	t.Helper()
	c := stream(t, h, &cursor)
	defer c.leave()
	for {
		select {
		case e := <-c.events:
			if s, ok := e.payload.(event.Snapshot); ok {
				return missed, cursors, s
			}
			samples := e.payload.(event.Samples)
			if !slices.IsSorted(ids(samples.Rows)) {
				t.Error("an event is not in order of id")
			}
			missed, cursors = append(missed, ids(samples.Rows)...), append(cursors, samples.Cursor)
		case err := <-c.ended:
			t.Fatalf("ended: %v", err)
		case <-time.After(patience):
			t.Fatal("no snapshot")
		}
	}
}

func TestAClientThatComesBackGetsWhatItMissed(t *testing.T) {
	h, _, past := begun(rows(1, 2, 3)...)
	h.Tick(rows(5, 7), 3)
	h.Tick(rows(4, 8), 5) // 4 was late
	for cursor, want := range map[int64][]int64{3: {4, 5, 7, 8}, 0: {1, 2, 3, 4, 5, 7, 8}, 8: nil, 100: nil} {
		missed, cursors, s := catchUp(t, h, cursor)
		slices.Sort(missed)
		if !slices.Equal(missed, want) || s.After != 0 || s.Cursor != 5 {
			t.Errorf("cursor %d: %v, then a snapshot with cursor %d, after %d; want %v", cursor, missed, s.Cursor, s.After, want)
		}
		for _, c := range cursors {
			if c > max(cursor, 0) {
				t.Errorf("cursor %d: an event of a part vouches for %d", cursor, c)
			}
		}
	}
	if past.asked > 0 {
		t.Error("the database was asked for what is in memory")
	}
}

// fill makes a hub that holds the newest 66,000 rows or so of ids 1 to n in memory, the others in its past.
func fill(t *testing.T, n int64) (*hub.Hub, *table) {
	t.Helper()
	h, _, past := begun()
	for id := int64(1); id <= n; id += 1000 {
		h.Tick(span(id, id+999), id+999)
	}
	past.rows = span(1, n)
	return h, past
}

func TestWhatIsNotInMemoryComesFromTheDatabase(t *testing.T) {
	h, past := fill(t, 100_000)
	past.fails = 1 // it is tried again
	missed, cursors, s := catchUp(t, h, 20_500)
	if want := ids(span(20_501, 100_000)); !slices.Equal(missed, want) {
		t.Errorf("%d rows, want %d", len(missed), len(want))
	}
	if s.After != 0 || past.asked < 10 || !slices.IsSorted(cursors) || cursors[0] != 20_700 {
		t.Errorf("after %d, %d questions, cursors from %d", s.After, past.asked, cursors[0])
	}
}

func TestTooFarBackIsSaid(t *testing.T) {
	h, _ := fill(t, 300_000)
	missed, _, s := catchUp(t, h, 5)
	if s.After == 0 || missed[0] != s.After+1 || missed[len(missed)-1] != 300_000 || int64(len(missed)) != 300_000-s.After {
		t.Errorf("after %d, %d rows from %d", s.After, len(missed), missed[0])
	}
	if _, _, s := catchUp(t, h, 299_000); s.After != 0 {
		t.Errorf("the next client gets the other's: after %d", s.After)
	}
}

// Whatever becomes visible while a client comes and goes, it has every row in the end, and each by one path only as
// long as it is connected.
func TestNothingIsMissedWhileClientsComeAndGo(t *testing.T) {
	h, _, _ := begun()
	const ticks = 400
	random := rand.New(rand.NewPCG(1, 2)) // repeatable
	done := make(chan struct{})
	var committed []int64
	go func() {
		defer close(done)
		id, late := int64(0), []int64{}
		for range ticks {
			var tick []int64
			for range 1 + random.IntN(5) {
				id++
				if random.IntN(4) == 0 {
					late = append(late, id)
				} else {
					tick = append(tick, id)
				}
			}
			if random.IntN(3) == 0 {
				tick, late = append(tick, late...), nil
			}
			slices.Sort(tick)
			position := id
			if len(late) > 0 {
				position = late[0] - 1
			}
			h.Tick(rows(tick...), position)
			committed = append(committed, tick...)
			time.Sleep(100 * time.Microsecond) // so that clients meet the ticks at different places
		}
		h.Tick(rows(late...), id)
		committed = append(committed, late...)
	}()
	had := map[int64]bool{}
	cursor := int64(0)
	for over := false; !over; {
		select {
		case <-done:
			over = true // and once more
		default:
		}
		c := stream(t, h, ptr(cursor))
		for after := 0; after == 0 || after < 4 && !over; { // a snapshot, and a few events behind it
			switch e := c.await(done).(type) {
			case event.Samples:
				for _, row := range e.Rows {
					had[row.ID] = true
				}
				cursor = max(cursor, e.Cursor)
			case event.Snapshot:
				cursor = max(cursor, e.Cursor)
				after = 1
				continue
			}
			if after > 0 {
				after++
			}
		}
		c.end()
	}
	for _, id := range committed {
		if !had[id] {
			t.Errorf("row %d was missed", id)
		}
	}
}

// await gives the next payload, or nil when there is none and done is closed.
func (c *client) await(done <-chan struct{}) any {
	select {
	case e := <-c.events:
		return e.payload
	default:
	}
	select {
	case e := <-c.events:
		return e.payload
	case <-done:
	}
	select {
	case e := <-c.events:
		return e.payload
	case <-time.After(100 * time.Millisecond): // what is on its way is here by then; what is not comes with the next stream
		return nil
	}
}

// Between a client's snapshot and its first event nothing is missing and nothing comes twice.
func TestTheSnapshotIsOneMoment(t *testing.T) {
	h, _, _ := begun()
	const ticks = 300
	go func() {
		for i := range int64(ticks) {
			h.Tick(rows(i+1), i+1)
		}
	}()
	for at := int64(0); at < ticks; {
		c := stream(t, h, nil)
		at = next[event.Snapshot](c).Cursor
		for want := at + 1; want <= min(at+3, ticks); {
			if samples, ok := (<-c.events).payload.(event.Samples); ok {
				if samples.Cursor != want {
					t.Fatalf("the snapshot ends at %d, and then comes %d", at, samples.Cursor)
				}
				want++
			}
		}
		c.end()
	}
}

func TestAClientThatDoesNotTakeIsDroppedAndHoldsNobodyUp(t *testing.T) {
	h, _, _ := begun()
	stuck, free := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	first := true
	go func() {
		ended <- h.Stream(t.Context(), nil, func(hub.Message) error {
			if first {
				first = false
				close(stuck)
			}
			<-free
			return nil
		})
	}()
	<-stuck
	other := stream(t, h, nil)
	next[event.Snapshot](other)
	for i := range int64(3000) {
		h.Tick(rows(i+1), i+1)
		for {
			if samples, ok := (<-other.events).payload.(event.Samples); ok {
				if samples.Cursor != i+1 {
					t.Fatalf("%d, want %d", samples.Cursor, i+1)
				}
				break
			}
		}
	}
	close(free)
	select {
	case err := <-ended:
		if !errors.Is(err, hub.ErrBehind) {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("it is still served")
	}
}

func TestTheLogIsBoundedInBytes(t *testing.T) {
	past := &table{}
	h := hub.New(func(name string, payload any) hub.Message { return plain{name, payload, 1 << 20} }, past, time.Now)
	h.Begin(0)
	stuck, free := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- h.Stream(t.Context(), nil, func(hub.Message) error {
			select {
			case stuck <- struct{}{}:
				<-free
			default:
			}
			return nil
		})
	}()
	<-stuck
	for i := range int64(40) { // MiB, and 32 are kept
		h.Tick(rows(i+1), i+1)
	}
	close(free)
	if err := <-ended; !errors.Is(err, hub.ErrBehind) {
		t.Error(err)
	}
}

func TestAFailingSendEndsTheStream(t *testing.T) {
	h, _, _ := begun(rows(1)...)
	broken := errors.New("broken")
	for _, cursor := range []*int64{nil, ptr(0)} {
		if err := h.Stream(t.Context(), cursor, func(hub.Message) error { return broken }); !errors.Is(err, broken) {
			t.Error(err)
		}
	}
}

// many clients that come at once get one snapshot, which is encoded once.
func TestASnapshotIsEncodedOnce(t *testing.T) {
	encoded := 0
	h := hub.New(func(name string, payload any) hub.Message {
		if name == event.NameSnapshot {
			encoded++
		}
		return encode(name, payload)
	}, &table{}, func() time.Time { return start })
	h.Begin(0)
	for range 100 {
		ctx, leave := context.WithCancel(t.Context())
		if err := h.Stream(ctx, nil, func(hub.Message) error { leave(); return nil }); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	h.Tick([]sample.Row{row(1)}, 1)
	snapshot(t, h)
	if encoded != 2 {
		t.Errorf("encoded %d times, want 2", encoded)
	}
}

// Who takes a snapshot slowly shares it with those who come meanwhile; they get the time and what came since all the same.
func TestASnapshotThatIsTakenSlowlyIsShared(t *testing.T) {
	h, now, _ := begun(rows(1)...)
	held, free := make(chan struct{}), make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- h.Stream(ctx, nil, func(m hub.Message) error {
			if m.(plain).name == event.NameSnapshot {
				close(held)
				<-free
				leave()
			}
			return nil
		})
	}()
	<-held
	h.Tick(rows(2), 2)
	soon := stream(t, h, ptr(1)) // before the snapshot is old
	next[event.Samples](soon)
	next[event.Snapshot](soon)
	if s := next[event.Status](soon); s.State != event.StateLive {
		t.Errorf("%+v", s)
	}
	now.at(1)
	fresh, back := stream(t, h, nil), stream(t, h, ptr(1))
	if s := next[event.Snapshot](fresh); s.Cursor != 1 {
		t.Errorf("another snapshot, with cursor %d", s.Cursor)
	}
	for _, c := range []*client{fresh, back} {
		if c == back {
			if missed := next[event.Samples](c); !slices.Equal(ids(missed.Rows), []int64{2}) {
				t.Errorf("%v came before the snapshot", ids(missed.Rows))
			}
			next[event.Snapshot](c)
		}
		if s := next[event.Status](c); s.State != event.StateLive || !s.Now.Equal(start.Add(time.Second)) {
			t.Errorf("%+v", s)
		}
	}
	next[event.Routes](back)
	next[event.Status](fresh) // from the log: live
	if news := next[event.Samples](fresh); !slices.Equal(ids(news.Rows), []int64{2}) {
		t.Errorf("%v came after the snapshot", ids(news.Rows))
	}
	h.Tick(rows(3), 3)
	if news := next[event.Samples](back); !slices.Equal(ids(news.Rows), []int64{3}) {
		t.Errorf("%v came next", ids(news.Rows))
	}
	close(free)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	now.at(7)
	if s := snapshot(t, h); s.Cursor != 3 {
		t.Errorf("a snapshot that nobody takes any more, with cursor %d", s.Cursor)
	}
}
