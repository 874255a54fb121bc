package hub_test

import (
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/socket/internal/hub"
)

var start = time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)

// record keeps what was broadcast.
type record struct {
	samples   []event.Samples
	status    []event.Status
	snapshots []event.Snapshot
}

func (r *record) Broadcast(name string, payload any) {
	switch payload := payload.(type) {
	case event.Samples:
		r.samples = append(r.samples, payload)
	case event.Status:
		r.status = append(r.status, payload)
	case event.Snapshot:
		r.snapshots = append(r.snapshots, payload)
	default:
		panic(name)
	}
}

func snapshot(h *hub.Hub, now time.Time) (s event.Snapshot) {
	h.Welcome(now, func(got event.Snapshot) { s = got })
	return s
}

func TestTheLiveWindowsOfTheGoldenTicks(t *testing.T) {
	out := &record{}
	h := hub.New(out, start)
	for i, tick := range golden.Ticks() {
		h.Tick(start.Add(time.Duration(i)*250*time.Millisecond), tick.Rows, tick.Cursor)
	}
	if len(out.samples) != len(golden.Ticks()) {
		t.Errorf("%d events for %d ticks", len(out.samples), len(golden.Ticks()))
	}
	s := snapshot(h, start)
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
	last := golden.Ticks()[len(golden.Ticks())-1]
	if s.Cursor != last.Cursor {
		t.Errorf("cursor %d, want %d", s.Cursor, last.Cursor)
	}
}

func TestTheStateFollowsTheRows(t *testing.T) {
	out := &record{}
	h := hub.New(out, start)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	row := golden.Ticks()[0].Rows[:1]

	h.Away(at(0.5)) // away from the start: nothing to tell
	h.Tick(at(1), nil, 0)
	h.Tick(at(2), row, 1)
	h.Tick(at(11.9), nil, 1)
	h.Tick(at(12), nil, 1)
	h.Away(at(13))
	h.Away(at(14))
	h.Tick(at(15), nil, 1)
	h.Tick(at(16), row, 2)
	h.Away(at(17))
	h.Tick(at(18), nil, 2) // back before it was stale

	want := []struct {
		state event.State
		since time.Time
	}{
		{event.StateStale, at(1)}, {event.StateLive, at(2)}, {event.StateStale, at(12)}, {event.StateAway, at(13)}, {event.StateStale, at(15)},
		{event.StateLive, at(16)}, {event.StateAway, at(17)}, {event.StateLive, at(18)},
	}
	if len(out.status) != len(want) {
		t.Fatalf("%d changes, want %d: %+v", len(out.status), len(want), out.status)
	}
	for i, w := range want {
		if got := out.status[i]; got.State != w.state || !got.Since.Equal(w.since) || i > 0 && got.Newest != row[0].Recibido {
			t.Errorf("change %d: %+v, want %+v", i, got, w)
		}
	}
}

func TestTheSnapshotIsBounded(t *testing.T) {
	h := hub.New(&record{}, start)
	rows := make([]sample.Row, 1000)
	id := int64(0)
	for range event.SnapshotRows/len(rows) + 1 {
		for i := range rows {
			id++
			rows[i] = sample.Row{ID: id, Sample: sample.Sample{Hora: sample.NewHora(start)}}
		}
		h.Tick(start, rows, id)
	}
	s := snapshot(h, start)
	if len(s.Rows) != event.SnapshotRows || s.Rows[len(s.Rows)-1].ID != id {
		t.Errorf("%d rows, the last %d; want the newest %d", len(s.Rows), s.Rows[len(s.Rows)-1].ID, event.SnapshotRows)
	}
}

func TestAnEmptySnapshotHasAnArray(t *testing.T) {
	s := snapshot(hub.New(&record{}, start), start)
	if s.Rows == nil || s.Status.State != event.StateAway {
		t.Errorf("%+v", s)
	}
}

func TestWhatIsLoadedIsKnownButNotNews(t *testing.T) {
	out := &record{}
	h := hub.New(out, start)
	rows := golden.Ticks()[0].Rows
	h.Load(rows)
	h.Begin(start.Add(time.Second), 100)
	if len(out.samples) != 0 || len(out.snapshots) != 1 {
		t.Fatalf("%d samples events and %d snapshots, want the snapshot alone", len(out.samples), len(out.snapshots))
	}
	s := out.snapshots[0]
	if len(s.Rows) != distinct(rows) || s.Cursor != 100 || s.Status.State != event.StateStale || s.Status.Newest.IsZero() {
		t.Errorf("%+v", s)
	}
	h.Tick(start.Add(2*time.Second), rows[1:2], 100) // read again by the cursor
	if s := snapshot(h, start); len(s.Rows) != distinct(rows) {
		t.Errorf("%d rows in the snapshot, want each of the %d samples once", len(s.Rows), distinct(rows))
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

// Between a client's snapshot and its first event nothing is missing and nothing comes twice.
func TestWelcomeIsOneMoment(t *testing.T) {
	out := &counted{}
	h := hub.New(out, start)
	const ticks = 300
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range ticks {
			h.Tick(start, []sample.Row{{ID: int64(i + 1), Sample: sample.Sample{Hora: sample.NewHora(start)}}}, int64(i+1))
		}
	}()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		h.Welcome(start, func(s event.Snapshot) {
			if s.Cursor != out.last {
				t.Errorf("the snapshot ends at %d, and %d was broadcast before", s.Cursor, out.last)
			}
		})
	}
}

// counted knows the last event; under -race it also shows whether the hub's lock is held.
type counted struct{ last int64 }

func (c *counted) Broadcast(_ string, payload any) {
	if samples, ok := payload.(event.Samples); ok {
		c.last = samples.Cursor
	}
}
