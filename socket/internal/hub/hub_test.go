package hub_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/socket/internal/hub"
)

const patience = 20 * time.Second

var start = time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)

// plain is a message that is not encoded.
type plain struct {
	name    string
	payload any
	size    int
}

func (p plain) Size() int { return p.size }

func encode(name string, payload any) hub.Message { return plain{name, payload, 1} }

// clock is a time that the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) at(seconds float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = start.Add(time.Duration(seconds * float64(time.Second)))
}

// table is a past that holds rows.
type table struct {
	mu    sync.Mutex
	rows  []sample.Row
	fails int // so many looks
	asked int
}

func (p *table) RowsBetween(_ context.Context, after, upTo int64, limit int) ([]sample.Row, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.fails > 0 {
		p.fails--
		return nil, errors.New("away")
	}
	first, _ := slices.BinarySearchFunc(p.rows, after+1, func(r sample.Row, id int64) int { return cmp.Compare(r.ID, id) })
	var rows []sample.Row
	for _, row := range p.rows[first:] {
		if row.ID > upTo || len(rows) == limit {
			break
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// begun is a hub that has found an empty database, or one with these rows.
func begun(rows ...sample.Row) (*hub.Hub, *clock, *table) {
	c, past := &clock{t: start}, &table{}
	h := hub.New(encode, past, c.now)
	h.Load(0, rows)
	h.Begin(last(rows))
	return h, c, past
}

func last(rows []sample.Row) int64 {
	if len(rows) == 0 {
		return 0
	}
	return rows[len(rows)-1].ID
}

// client keeps what it was sent.
type client struct {
	t      *testing.T
	events chan plain
	leave  context.CancelFunc
	ended  chan error
}

func stream(t *testing.T, h *hub.Hub, cursor *int64) *client {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	c := &client{t, make(chan plain, 10_000), leave, make(chan error, 1)}
	go func() {
		c.ended <- h.Stream(ctx, cursor, func(m hub.Message) error {
			c.events <- m.(plain)
			return nil
		})
	}()
	t.Cleanup(leave)
	return c
}

// end leaves and waits until the stream has noticed.
func (c *client) end() {
	c.t.Helper()
	c.leave()
	if err := <-c.ended; !errors.Is(err, context.Canceled) {
		c.t.Error(err)
	}
}

func next[T any](c *client) (payload T) {
	c.t.Helper()
	select {
	case e := <-c.events:
		payload, ok := e.payload.(T)
		if !ok {
			c.t.Fatalf("%s %+v, want %T", e.name, e.payload, payload)
		}
		return payload
	case err := <-c.ended:
		c.t.Fatalf("ended: %v", err)
	case <-time.After(patience):
		c.t.Fatal("nothing came")
	}
	return payload
}

func snapshot(t *testing.T, h *hub.Hub) event.Snapshot {
	t.Helper()
	c := stream(t, h, nil)
	defer c.leave()
	return next[event.Snapshot](c)
}

func row(id int64) sample.Row {
	return sample.Row{ID: id, Sample: sample.Sample{Hora: sample.NewHora(start)}}
}

func rows(ids ...int64) []sample.Row {
	all := make([]sample.Row, len(ids))
	for i, id := range ids {
		all[i] = row(id)
	}
	return all
}

func span(from, to int64) []sample.Row {
	var all []sample.Row
	for id := from; id <= to; id++ {
		all = append(all, row(id))
	}
	return all
}

func ids(rows []sample.Row) (all []int64) {
	for _, row := range rows {
		all = append(all, row.ID)
	}
	return all
}

func ptr(id int64) *int64 { return &id }

func TestTheLiveWindowsOfTheGoldenTicks(t *testing.T) {
	h, now, _ := begun()
	c := stream(t, h, nil)
	next[event.Snapshot](c)
	for i, tick := range golden.Ticks() {
		now.at(float64(i) / 4)
		h.Tick(tick.Rows, tick.Cursor)
		if i == 0 {
			next[event.Status](c)
		}
		if got := next[event.Samples](c); !slices.Equal(ids(got.Rows), ids(tick.Rows)) || got.Cursor != tick.Cursor {
			t.Errorf("tick %d: %v, cursor %d", i, ids(got.Rows), got.Cursor)
		}
	}
	s := snapshot(t, h)
	points := map[string]int{}
	for i, row := range s.Rows {
		if i > 0 && row.ID <= s.Rows[i-1].ID {
			t.Fatal("not in order of id, or twice")
		}
		points[row.Host]++
	}
	for host, want := range golden.Points().Hosts {
		if points[host] != len(want.Points) {
			t.Errorf("%s: %d points in the snapshot, want %d", host, points[host], len(want.Points))
		}
	}
	if want := golden.Ticks()[len(golden.Ticks())-1].Cursor; s.Cursor != want {
		t.Errorf("cursor %d, want %d", s.Cursor, want)
	}
}

func TestTheStateFollowsTheRows(t *testing.T) {
	c, past := &clock{t: start}, &table{}
	h := hub.New(encode, past, c.now)
	early := stream(t, h, nil)
	if s := next[event.Status](early); s.State != event.StateAway || !s.Since.Equal(start) || !s.Newest.IsZero() {
		t.Errorf("before the database was found: %+v", s)
	}
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	one := golden.Ticks()[0].Rows[:1]
	c.at(0.5)
	h.Away() // away from the start: nothing to tell
	c.at(1)
	h.Begin(0)
	if s := next[event.Snapshot](early); s.Status.State != event.StateStale || !s.Status.Since.Equal(at(1)) {
		t.Errorf("%+v", s)
	}
	for _, step := range []struct {
		at float64
		do func()
	}{
		{2, func() { h.Tick(one, 1) }}, {11.9, func() { h.Tick(nil, 1) }}, {12, func() { h.Tick(nil, 1) }}, {13, h.Away}, {14, h.Away},
		{15, func() { h.Tick(nil, 1) }}, {16, func() { h.Tick(one, 2) }}, {17, h.Away},
		{18, func() { h.Tick(nil, 2) }}, // back before it was stale
	} {
		c.at(step.at)
		step.do()
	}
	for i, want := range []struct {
		state   event.State
		since   float64
		samples bool
	}{
		{event.StateLive, 2, true}, {event.StateStale, 12, false}, {event.StateAway, 13, false}, {event.StateStale, 15, false},
		{event.StateLive, 16, true}, {event.StateAway, 17, false}, {event.StateLive, 18, false},
	} {
		if s := next[event.Status](early); s.State != want.state || !s.Since.Equal(at(want.since)) || s.Newest != one[0].Recibido {
			t.Errorf("change %d: %+v, want %+v", i, s, want)
		}
		if want.samples {
			next[event.Samples](early)
		}
	}
}

func TestTheSnapshotIsBounded(t *testing.T) {
	h, _, _ := begun()
	const each = 1000
	id := int64(0)
	for range event.SnapshotRows/each + 1 {
		h.Tick(span(id+1, id+each), id+each)
		id += each
	}
	s := snapshot(t, h)
	if len(s.Rows) != event.SnapshotRows || s.Rows[len(s.Rows)-1].ID != id {
		t.Errorf("%d rows, the last %d; want the newest %d", len(s.Rows), s.Rows[len(s.Rows)-1].ID, event.SnapshotRows)
	}
}

func TestRowsThatFellOutOfTheWindowLeave(t *testing.T) {
	h, _, _ := begun()
	const each = 500
	for i := range 12 { // two minutes apart: the last three are in the window
		tick := span(int64(i*each+1), int64((i+1)*each))
		for j := range tick {
			tick[j].Hora = sample.NewHora(start.Add(time.Duration(i) * 2 * time.Minute))
		}
		h.Tick(tick, last(tick))
	}
	s := snapshot(t, h)
	if len(s.Rows) != 3*each || s.Rows[0].ID != 9*each+1 {
		t.Errorf("%d rows from %d, want %d from %d", len(s.Rows), s.Rows[0].ID, 3*each, 9*each+1)
	}
}

func TestAnEmptySnapshotHasArrays(t *testing.T) {
	h, _, _ := begun()
	if s := snapshot(t, h); s.Rows == nil || s.Routes == nil || s.Status.State != event.StateStale {
		t.Errorf("%+v", s)
	}
}

func TestWhatIsLoadedIsKnownButNotNews(t *testing.T) {
	known := golden.Ticks()[0].Rows
	h, _, _ := begun(known...)
	c := stream(t, h, nil)
	s := next[event.Snapshot](c)
	if len(s.Rows) != distinct(known) || s.Cursor != last(known) || s.Status.State != event.StateStale || s.Status.Newest.IsZero() {
		t.Errorf("%+v", s)
	}
	h.Tick(known[1:2], last(known)) // read again by the cursor
	if s := snapshot(t, h); len(s.Rows) != distinct(known) {
		t.Errorf("%d rows in the snapshot, want each of the %d samples once", len(s.Rows), distinct(known))
	}
}

// distinct counts the different samples.
func distinct(rows []sample.Row) int {
	samples := map[string]bool{}
	for _, row := range rows {
		samples[row.Host+row.Hora.String()] = true
	}
	return len(samples)
}

func TestTheRoutesAreToldAndInTheSnapshot(t *testing.T) {
	h, _, _ := begun()
	c := stream(t, h, nil)
	next[event.Snapshot](c)
	all := make([]event.RouteSecond, 3)
	h.Routes(all, all[2:])
	if got := next[event.Routes](c); len(got.Seconds) != 1 {
		t.Errorf("%+v", got)
	}
	if s := snapshot(t, h); len(s.Routes) != 3 {
		t.Errorf("%d seconds in the snapshot", len(s.Routes))
	}
}

func TestClientsAreCountedAndAnnounced(t *testing.T) {
	h, _, _ := begun()
	c := stream(t, h, nil)
	<-h.Arrived()
	if h.Clients() != 1 {
		t.Errorf("%d clients", h.Clients())
	}
	c.leave()
	if err := <-c.ended; !errors.Is(err, context.Canceled) || h.Clients() != 0 {
		t.Errorf("%v, %d clients", err, h.Clients())
	}
}
