// Package hub holds what the stream knows now, the live window of every host and the state of the stream, and hands
// it to whoever listens. It knows neither the database nor Socket.IO.
package hub

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
)

// Broadcaster sends an event to every client that was welcomed. It must not wait for any of them.
type Broadcaster interface {
	Broadcast(name string, payload any)
}

// Hub is safe for several goroutines.
type Hub struct {
	out Broadcaster

	mu       sync.Mutex
	rows     []sample.Row // the live windows: the first row of each sample, in order of id, at most event.SnapshotRows
	cursor   int64
	state    event.State
	since    time.Time       // when state began
	arrival  time.Time       // when a row last arrived, by our clock
	received sample.Recibido // the newest `recibido`
}

// New is a hub whose database has not answered yet.
func New(out Broadcaster, now time.Time) *Hub {
	return &Hub{out: out, state: event.StateAway, since: now}
}

// Load takes rows that were in the database before the service was there. They are known, and no news.
func (h *Hub) Load(rows []sample.Row) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.add(rows)
}

// Begin ends the loading: the stream is stale until rows arrive. Clients that came before get their snapshot again.
func (h *Hub) Begin(now time.Time, cursor int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cursor, h.state, h.since = cursor, event.StateStale, now
	h.out.Broadcast(event.NameSnapshot, h.snapshotLocked(now))
}

// Tick takes what one look at the database brought, and tells the clients: the rows, and the state when it changed.
func (h *Hub) Tick(now time.Time, rows []sample.Row, cursor int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cursor = cursor
	if len(rows) > 0 {
		h.arrival = now
		h.add(rows)
		h.enterLocked(now, event.StateLive)
		h.out.Broadcast(event.NameSamples, event.Samples{Now: sample.NewRecibido(now), Cursor: cursor, Rows: rows})
		return
	}
	if now.Sub(h.arrival) >= event.StaleSeconds*time.Second {
		h.enterLocked(now, event.StateStale)
	} else {
		h.enterLocked(now, event.StateLive) // the database is back within the time
	}
}

// Away notes that the database did not answer.
func (h *Hub) Away(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.enterLocked(now, event.StateAway)
}

func (h *Hub) enterLocked(now time.Time, state event.State) {
	if state == h.state {
		return
	}
	h.state, h.since = state, now
	h.out.Broadcast(event.NameStatus, h.statusLocked(now))
}

func (h *Hub) statusLocked(now time.Time) event.Status {
	return event.Status{Now: sample.NewRecibido(now), State: h.state, Since: sample.NewRecibido(h.since), Newest: h.received}
}

// Welcome gives a new client its snapshot. Between the snapshot and what welcome does to let the client listen, no
// event is sent, so that the client misses none.
func (h *Hub) Welcome(now time.Time, welcome func(event.Snapshot)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	welcome(h.snapshotLocked(now))
}

func (h *Hub) snapshotLocked(now time.Time) event.Snapshot {
	rows := append([]sample.Row{}, h.rows...) // a copy, for it is encoded later; and never null
	return event.Snapshot{Now: sample.NewRecibido(now), Cursor: h.cursor, Rows: rows, Status: h.statusLocked(now)}
}

// identity says which rows are one sample.
type identity struct {
	host      string
	secuencia int64
}

// add merges rows into the live windows and drops what has fallen out of them.
func (h *Hub) add(rows []sample.Row) {
	merged := append(slices.Clone(h.rows), rows...)
	slices.SortStableFunc(merged, func(a, b sample.Row) int { return cmp.Compare(a.ID, b.ID) })
	merged = slices.CompactFunc(merged, func(a, b sample.Row) bool { return a.ID == b.ID })
	newest := map[string]time.Time{}
	for _, row := range merged {
		if row.Hora.After(newest[row.Host]) {
			newest[row.Host] = row.Hora.Time
		}
		if row.Recibido.After(h.received.Time) {
			h.received = row.Recibido
		}
	}
	seen := map[identity]bool{}
	merged = slices.DeleteFunc(merged, func(row sample.Row) bool {
		if newest[row.Host].Sub(row.Hora.Time) > event.WindowSeconds*time.Second {
			return true
		}
		if row.Host == "" || row.Secuencia == nil {
			return false
		}
		which := identity{row.Host, *row.Secuencia}
		repeated := seen[which]
		seen[which] = true
		return repeated
	})
	h.rows = merged[max(0, len(merged)-event.SnapshotRows):]
}
