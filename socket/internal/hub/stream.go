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
	pageRows     = 1000                   // of one samples event to a client that catches up
	catchUpIDs   = 100_000                // how far back in the database a client may catch up
	pastReaders  = 2                      // clients that read the database at a time
	pastRetry    = time.Second            // between looks at a database that does not answer
	snapshotLife = 250 * time.Millisecond // clients that come within this time get the same one
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
	j := h.join(cursor)
	lost, err := h.catchUp(ctx, j, send)
	if err != nil {
		return err
	}
	if err := send(j.snapshot.encoded(h.encode, lost)); err != nil {
		return err
	}
	return h.log.follow(ctx, j.place, send)
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
	h.mu.Lock()
	status := h.statusLocked(h.now())
	h.mu.Unlock()
	if err := send(h.encode(event.NameStatus, status)); err != nil {
		return err
	}
	select {
	case <-h.begun:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// joined is all that a client starts from, of one moment.
type joined struct {
	place    int64 // in the log
	snapshot *snapshot
	cursor   *int64         // the client's, or nil
	position int64          // the stream's cursor
	floor    int64          // the rows up to it that the client has not are in the database only
	missed   [][]sample.Row // hold the rows beyond
}

func (h *Hub) join(cursor *int64) joined {
	h.mu.Lock()
	defer h.mu.Unlock()
	j := joined{place: h.log.end(), snapshot: h.snapshotLocked(), cursor: cursor, position: h.cursor, floor: h.recent.floor}
	if cursor != nil {
		j.missed = h.recent.after(max(*cursor, j.floor))
	}
	return j
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
		rows, err := h.readPast(ctx, from, j.floor)
		if err != nil {
			return 0, err
		}
		from = j.floor
		if len(rows) == pageRows {
			from = rows[len(rows)-1].ID
		}
		if err := h.sendRows(rows, min(from, j.position), send); err != nil {
			return 0, err
		}
	}
	// What is in memory comes tick by tick, which is not in order of id: only the snapshot's cursor vouches for it.
	vouched := min(from, j.position)
	var page []sample.Row
	for _, tick := range j.missed {
		for _, row := range tick {
			if row.ID > from {
				page = append(page, row)
			}
		}
		if len(page) >= pageRows {
			if err := h.sendRows(page, vouched, send); err != nil {
				return 0, err
			}
			page = nil
		}
	}
	return lost, h.sendRows(page, vouched, send)
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
	once    sync.Once
	message Message
}

func (h *Hub) snapshotLocked() *snapshot {
	now := h.now()
	if s := h.snapshot; s != nil && s.place == h.log.end() && now.Sub(s.Now.Time) < snapshotLife {
		return s
	}
	routes := h.routes
	if routes == nil {
		routes = []event.RouteSecond{}
	}
	h.snapshot = &snapshot{place: h.log.end(), Snapshot: event.Snapshot{
		Now: sample.NewRecibido(now), Cursor: h.cursor, Rows: h.live.current(), Routes: routes, Status: h.statusLocked(now),
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
