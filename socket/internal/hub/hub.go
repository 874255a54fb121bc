// Package hub holds what the stream knows now, and hands every event to every client: at its own pace, in order, each
// once, as long as the client keeps up. It knows neither the database nor Socket.IO.
package hub

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
)

// Message is an event as it goes to every client, encoded once.
type Message interface {
	Size() int // bytes of memory
}

// Encode makes the message of an event.
type Encode func(name string, payload any) Message

// Past reads rows that the hub does not hold any more: those with an id over after and up to upTo, in order of id, at
// most limit.
type Past interface {
	RowsBetween(ctx context.Context, after, upTo int64, limit int) ([]sample.Row, error)
}

// Hub is safe for several goroutines.
type Hub struct {
	encode  Encode
	past    Past
	now     func() time.Time
	begun   chan struct{} // closed when the database has been found
	arrived chan struct{} // holds a token when a client has come
	reading chan struct{} // holds a token for each client that reads the past
	paging  chan struct{} // holds a token for each page of missed rows that is under way
	log     *log

	mu       sync.Mutex
	live     windows
	recent   recent
	routes   []event.RouteSecond
	snapshot *snapshot // the last one that was made, or nil
	cursor   int64
	state    event.State
	since    time.Time       // when state began
	arrival  time.Time       // when a row last arrived, by our clock
	received sample.Recibido // the newest `recibido`
	clients  int
}

// New is a hub whose database has not answered yet.
func New(encode Encode, past Past, now func() time.Time) *Hub {
	return &Hub{
		encode: encode, past: past, now: now,
		begun: make(chan struct{}), arrived: make(chan struct{}, 1), reading: make(chan struct{}, pastReaders), paging: make(chan struct{}, pagesAtOnce),
		log: newLog(), routes: []event.RouteSecond{}, state: event.StateAway, since: now(),
	}
}

// LoadWindows takes rows of the live windows that were in the database before the service was there.
func (h *Hub) LoadWindows(rows []sample.Row) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.addLocked(rows)
}

// Load takes rows that were in the database before the service was there, every one with an id over floor. They are
// known, and no news; but a client that comes back may have missed them.
func (h *Hub) Load(floor int64, rows []sample.Row) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.addLocked(rows)
	h.recent.floor = max(h.recent.floor, floor)
	h.recent.add(rows)
}

// Begin ends the loading: the stream is stale until rows arrive.
func (h *Hub) Begin(cursor int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cursor, h.state, h.since = cursor, event.StateStale, h.now()
	close(h.begun)
}

// Tick takes what one look at the database brought, and tells the clients: the rows, and the state when it changed.
func (h *Hub) Tick(rows []sample.Row, cursor int64) {
	now := h.now()
	var samples Message
	if len(rows) > 0 {
		samples = h.encode(event.NameSamples, event.Samples{Now: sample.NewRecibido(now), Cursor: cursor, Rows: rows})
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cursor = cursor
	if len(rows) > 0 {
		h.arrival = now
		h.addLocked(rows)
		h.recent.add(rows)
		h.enterLocked(now, event.StateLive)
		h.log.append(samples)
		return
	}
	if now.Sub(h.arrival) >= event.StaleSeconds*time.Second {
		h.enterLocked(now, event.StateStale)
	} else {
		h.enterLocked(now, event.StateLive) // the database is back within the time
	}
}

// Away notes that the database did not answer.
func (h *Hub) Away() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.enterLocked(h.now(), event.StateAway)
}

// Routes takes the routes' last seconds, all of them, and those of them that changed, which it tells the clients.
func (h *Hub) Routes(all, changed []event.RouteSecond) {
	var message Message
	if len(changed) > 0 {
		message = h.encode(event.NameRoutes, event.Routes{Now: sample.NewRecibido(h.now()), Seconds: changed})
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.routes = all
	if message != nil {
		h.log.append(message)
	}
}

// Ready says why a client that comes now would have to wait.
func (h *Hub) Ready() error {
	select {
	case <-h.begun:
		return nil
	default:
		return errors.New("the newest rows have not been read yet")
	}
}

// Clients is how many clients there are.
func (h *Hub) Clients() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clients
}

// Arrived gives a token after a client has come.
func (h *Hub) Arrived() <-chan struct{} { return h.arrived }

func (h *Hub) addLocked(rows []sample.Row) {
	h.live.add(rows)
	for _, row := range rows {
		if row.Recibido.After(h.received.Time) {
			h.received = row.Recibido
		}
	}
}

func (h *Hub) enterLocked(now time.Time, state event.State) {
	if state == h.state {
		return
	}
	h.state, h.since = state, now
	h.log.append(h.encode(event.NameStatus, h.statusLocked(now)))
}

func (h *Hub) statusLocked(now time.Time) event.Status {
	return event.Status{Now: sample.NewRecibido(now), State: h.state, Since: sample.NewRecibido(h.since), Newest: h.received}
}
