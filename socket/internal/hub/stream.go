package hub

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
)

const (
	pageRows     = 200                    // of one samples event to a client that catches up
	pagesAtOnce  = 256                    // in memory, each of which a client may take its time to take: about 250 kB
	catchUpIDs   = 100_000                // how far back in the database a client may catch up
	pastReaders  = 2                      // clients that read the database at a time
	pastRetry    = time.Second            // between looks at a database that does not answer
	snapshotLife = 250 * time.Millisecond // clients that come within this time get the same one,
	heldLife     = 5 * time.Second        // or within this one while a client is still taking it: each may be megabytes
)

// Stream sends a client all that it is to get, in order, and returns when ctx ends, send fails, or with ErrBehind.
//
// cursor is the last one that the client had, or nil. Its place among the events is taken before anything else, so that
// what becomes visible while it catches up comes afterwards: some of it twice perhaps, nothing never.
func (h *Hub) Stream(ctx context.Context, cursor *int64, send func(Message) error) error {
	h.come()
	defer h.leave()
	if err := h.awaitBegin(ctx, send); err != nil {
		return err
	}
	place, err := h.open(ctx, cursor, send)
	if err != nil {
		return err
	}
	return h.log.follow(ctx, place, send)
}

// open sends what a client missed, and the snapshot. It answers the place in the log from which on the client goes on.
func (h *Hub) open(ctx context.Context, cursor *int64, send func(Message) error) (place int64, err error) {
	j := h.join(cursor)
	defer h.letGo(j.snapshot)
	lost, err := h.catchUp(ctx, j, send)
	if err != nil {
		return 0, err
	}
	if err := send(j.snapshot.encoded(h.encode, lost)); err != nil {
		return 0, err
	}
	if !j.held {
		return j.place, nil
	}
	// The snapshot is not of now. What a client that came back does not get from the log comes now.
	status, routes := h.current()
	if err := send(status); err != nil || cursor == nil {
		return j.place, err
	}
	return j.place, send(routes)
}

func (h *Hub) come() {
	h.mu.Lock()
	h.clients++
	h.mu.Unlock()
	select {
	case h.arrived <- struct{}{}:
	default:
	}
}

func (h *Hub) leave() {
	h.mu.Lock()
	h.clients--
	h.mu.Unlock()
}

// awaitBegin tells a client of a hub that has no database yet that it is away, and waits.
func (h *Hub) awaitBegin(ctx context.Context, send func(Message) error) error {
	select {
	case <-h.begun:
		return nil
	default:
	}
	status, _ := h.current()
	if err := send(status); err != nil {
		return err
	}
	select {
	case <-h.begun:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// current is the state of the stream, and the routes' seconds, as they are now.
func (h *Hub) current() (status, routes Message) {
	h.mu.Lock()
	now := h.now()
	s, r := h.statusLocked(now), event.Routes{Now: sample.NewRecibido(now), Seconds: h.routes}
	h.mu.Unlock()
	return h.encode(event.NameStatus, s), h.encode(event.NameRoutes, r)
}

// joined is all that a client starts from, of one moment.
type joined struct {
	place    int64 // in the log
	snapshot *snapshot
	held     bool           // the snapshot is another client's, who takes his time, and not of now
	cursor   *int64         // the client's, or nil
	position int64          // the stream's cursor
	floor    int64          // the rows up to it that the client has not are in the database only
	missed   [][]sample.Row // hold the rows beyond
}

func (h *Hub) join(cursor *int64) joined {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.snapshotLocked()
	s.holders++
	j := joined{
		place: s.place, snapshot: s, held: h.now().Sub(s.Now.Time) >= snapshotLife,
		cursor: cursor, position: h.cursor, floor: h.recent.floor,
	}
	if cursor != nil {
		j.held = j.held || s.place != h.log.end() // what the log has of the time between, is passed over
		j.missed = h.recent.after(max(*cursor, j.floor))
		j.place = h.log.end() // it has the rows since the snapshot from here
	}
	return j
}

func (h *Hub) letGo(s *snapshot) {
	h.mu.Lock()
	s.holders--
	h.mu.Unlock()
}

// catchUp sends the rows that a client missed. It answers up to which id some may be lost, 0 when none are.
func (h *Hub) catchUp(ctx context.Context, j joined, send func(Message) error) (lost int64, err error) {
	if j.cursor == nil {
		return 0, nil
	}
	from := *j.cursor
	if j.floor-from > catchUpIDs {
		from = j.floor - catchUpIDs
		lost = from
	}
	for from < j.floor {
		err := h.page(ctx, func() error {
			rows, err := h.readPast(ctx, from, j.floor)
			if err != nil {
				return err
			}
			from = j.floor
			if len(rows) == pageRows {
				from = rows[len(rows)-1].ID
			}
			return h.sendRows(rows, min(from, j.position), send)
		})
		if err != nil {
			return 0, err
		}
	}
	// What is in memory comes tick by tick, which is not in order of id: only the snapshot's cursor vouches for it.
	vouched := min(from, j.position)
	for len(j.missed) > 0 {
		if err := h.page(ctx, func() error { return h.sendRows(j.next(from), vouched, send) }); err != nil {
			return 0, err
		}
	}
	return lost, nil
}

// next takes the next rows from memory, but for those with an id up to from.
func (j *joined) next(from int64) []sample.Row {
	var rows []sample.Row
	for len(j.missed) > 0 && len(rows) < pageRows {
		tick := j.missed[0]
		n := min(len(tick), pageRows-len(rows))
		for _, row := range tick[:n] {
			if row.ID > from {
				rows = append(rows, row)
			}
		}
		if j.missed[0] = tick[n:]; n == len(tick) {
			j.missed = j.missed[1:]
		}
	}
	return rows
}

// page makes and sends one page, in its turn.
func (h *Hub) page(ctx context.Context, do func() error) error {
	select {
	case h.paging <- struct{}{}:
		defer func() { <-h.paging }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readPast reads one page from the database; it tries until ctx ends.
func (h *Hub) readPast(ctx context.Context, after, upTo int64) ([]sample.Row, error) {
	select {
	case h.reading <- struct{}{}:
		defer func() { <-h.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		rows, err := h.past.RowsBetween(ctx, after, upTo, pageRows)
		if err == nil {
			return rows, nil
		}
		select {
		case <-time.After(pastRetry):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (h *Hub) sendRows(rows []sample.Row, cursor int64, send func(Message) error) error {
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(a, b sample.Row) int { return cmp.Compare(a.ID, b.ID) })
	return send(h.encode(event.NameSamples, event.Samples{Now: sample.NewRecibido(h.now()), Cursor: cursor, Rows: rows}))
}

// snapshot is encoded once for all clients that get it, and not while the hub is locked.
type snapshot struct {
	event.Snapshot
	place   int64 // in the log
	holders int   // clients that have not taken it yet
	once    sync.Once
	message Message
}

func (h *Hub) snapshotLocked() *snapshot {
	now := h.now()
	if s := h.snapshot; s != nil {
		age := now.Sub(s.Now.Time)
		if s.place == h.log.end() && age < snapshotLife || s.holders > 0 && age < heldLife && h.log.near(s.place) {
			return s
		}
	}
	h.snapshot = &snapshot{place: h.log.end(), Snapshot: event.Snapshot{
		Now: sample.NewRecibido(now), Cursor: h.cursor, Rows: h.live.current(), Routes: h.routes, Status: h.statusLocked(now),
	}}
	return h.snapshot
}

// encoded is the message, for a client of which rows up to the id lost may be missing.
func (s *snapshot) encoded(encode Encode, lost int64) Message {
	if lost > 0 {
		own := s.Snapshot
		own.After = lost
		return encode(event.NameSnapshot, own)
	}
	s.once.Do(func() { s.message = encode(event.NameSnapshot, s.Snapshot) })
	return s.message
}
