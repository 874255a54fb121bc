// Package tail reads every committed row of `samples` once.
//
// Ids are taken before the commit, so a row with a lower id can become visible after one with a higher id, and a
// reader that asks for `id > last` loses it. The cursor therefore remembers the holes below its high-water mark and
// looks at them again, in the same statement that reads new rows, until they fill or are dead. A hole is dead when
// the rows seen since it appeared were inserted over more than store.TransactionLimit of the database's own time: no
// transaction of ours lives that long. The reader's clock plays no part, so that a reader that stalls loses nothing;
// and one look ages a hole by maxStep at the most, so that neither does a database that was suspended, or whose clock
// was set, between two rows.
package tail

import (
	"context"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	// batch bounds the rows of one read; the next one goes on where it ended.
	batch = 5000
	// perStatement bounds the holes of one statement; where there are more, further statements look at the others.
	perStatement = 1000
	// maxHoles bounds memory and work. Beyond it the oldest holes are given up, and Forgotten counts them.
	maxHoles = 20_000
	// maxStep is how much time may pass between two looks, as far as holes are concerned.
	maxStep = 2 * time.Second
)

// Reader is the database.
type Reader interface {
	RowsAfter(ctx context.Context, high int64, ranges []store.Range, limit int) ([]store.Visible, error)
}

// Cursor is a place in the table. It belongs to one goroutine.
type Cursor struct {
	reader    Reader
	high      int64         // the highest id seen
	holes     []hole        // the ids below high that were not seen and are not dead, ascending
	newest    time.Time     // the newest `guardado` seen
	passed    time.Duration // the database's time that has passed, in steps of at most maxStep
	forgotten int64
}

// hole is a run of ids that may still become visible.
type hole struct {
	store.Range
	since time.Duration // what had passed when the hole appeared
}

// New starts behind this id: every row with a higher one is read. 0 reads the whole table.
func New(reader Reader, after int64) *Cursor { return &Cursor{reader: reader, high: after} }

// Next reads the rows that have become visible, in order of id. Where more says true, it stopped at its bound and
// there may be others at once. After an error the cursor stands where it stood.
func (c *Cursor) Next(ctx context.Context) (rows []sample.Row, more bool, err error) {
	visible, more, err := c.read(ctx)
	if err != nil {
		return nil, false, err
	}
	c.age(visible)
	rows = make([]sample.Row, len(visible))
	for i, v := range visible {
		rows[i] = v.Row
		c.pass(v.ID)
	}
	c.bury()
	return rows, more, nil
}

// read looks at the holes and at what is new.
func (c *Cursor) read(ctx context.Context) (visible []store.Visible, more bool, err error) {
	ranges := make([]store.Range, len(c.holes))
	for i, h := range c.holes {
		ranges[i] = h.Range
	}
	for len(ranges) > perStatement {
		filled, err := c.reader.RowsAfter(ctx, sample.MaxInteger, ranges[:perStatement], batch)
		if err != nil {
			return nil, false, err
		}
		visible, more = append(visible, filled...), more || len(filled) == batch
		ranges = ranges[perStatement:]
	}
	last, err := c.reader.RowsAfter(ctx, c.high, ranges, batch)
	return append(visible, last...), more || len(last) == batch, err
}

// age lets the time pass that lies between the newest row known and the newest one of these.
func (c *Cursor) age(visible []store.Visible) {
	before := c.newest
	for _, v := range visible {
		if v.Guardado.After(c.newest) {
			c.newest = v.Guardado
		}
	}
	if !before.IsZero() {
		c.passed += min(c.newest.Sub(before), maxStep)
	}
}

// pass notes that a row was seen.
func (c *Cursor) pass(id int64) {
	if id > c.high {
		if id > c.high+1 {
			c.holes = append(c.holes, hole{store.Range{From: c.high + 1, To: id - 1}, c.passed})
		}
		c.high = id
		return
	}
	i, found := slices.BinarySearchFunc(c.holes, id, func(h hole, id int64) int {
		switch {
		case h.To < id:
			return -1
		case h.From > id:
			return 1
		}
		return 0
	})
	if !found {
		return
	}
	h := c.holes[i]
	var rest []hole
	if h.From < id {
		rest = append(rest, hole{store.Range{From: h.From, To: id - 1}, h.since})
	}
	if id < h.To {
		rest = append(rest, hole{store.Range{From: id + 1, To: h.To}, h.since})
	}
	c.holes = slices.Replace(c.holes, i, i+1, rest...)
}

// bury drops the holes that are dead, and the oldest beyond the bound.
func (c *Cursor) bury() {
	c.holes = slices.DeleteFunc(c.holes, func(h hole) bool { return c.passed-h.since > store.TransactionLimit })
	if excess := len(c.holes) - maxHoles; excess > 0 {
		c.forgotten += int64(excess)
		c.holes = slices.Delete(c.holes, 0, excess)
	}
}

// Position is the highest id with no open hole beneath it.
func (c *Cursor) Position() int64 {
	if len(c.holes) > 0 {
		return c.holes[0].From - 1
	}
	return c.high
}

// Holes is the number of runs of ids that may still become visible.
func (c *Cursor) Holes() int { return len(c.holes) }

// Forgotten counts the holes that were given up because there were too many, each a place where a row may be lost.
func (c *Cursor) Forgotten() int64 { return c.forgotten }
