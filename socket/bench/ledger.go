package main

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"time"
)

// stamp is a moment in steps of 10 µs since the turn began; 0 is no moment.
type stamp uint32

// step of a stamp.
const step = 10 * time.Microsecond

// never is later than every moment.
const never = ^stamp(0)

// clock counts from when a turn began.
type clock struct{ began time.Time }

func (c clock) now() stamp { return stamp(time.Since(c.began)/step) + 1 } //nolint:gosec // it lasts for twelve hours

// after is how long one moment lies after another, and zero when it lies before.
func (s stamp) after(earlier stamp) time.Duration { return time.Duration(s-min(s, earlier)) * step }

// ledger is what one client was sent, by `samples` and `sample` events; what a snapshot holds does not count. It
// belongs to the goroutine that reads, but for the counters.
type ledger struct {
	clock   clock
	base    int64   // the highest id before the first row that counts
	arrived []stamp // when each row first came, by id; as long as there can be rows
	cursor  int64   // the highest that the server has sent

	since stamp // when this connection began
	shown int64 // the cursor that it was begun with; of what is not over it, all is known to the client

	rows       atomic.Int64 // different ones that came
	events     atomic.Int64
	duplicates atomic.Int64 // rows that came again on the same connection, or that the cursor shown says are known
}

// What is looked for in a message. No row is shorter than leastRow: the names of its fields alone are longer.
var (
	idKey     = []byte(`"id":`)
	cursorKey = []byte(`"cursor":`)
)

const leastRow = 240

// cursorWithin is how many bytes of an event hold its cursor, which stands before the rows.
const cursorWithin = 128

// take notes the rows of an event. It does not decode it, since it takes its time from the servers.
func (l *ledger) take(text []byte) error {
	now, rows, duplicates := l.clock.now(), int64(0), int64(0)
	l.note(text)
	for {
		at := bytes.Index(text, idKey)
		if at < 0 {
			break
		}
		text = text[at+len(idKey):]
		id := number(text)
		i := id - l.base - 1
		switch {
		case i >= int64(len(l.arrived)) || id <= 0:
			return fmt.Errorf("a row that nobody stored: %.40s", text)
		case id <= l.shown:
			duplicates++
		case i < 0: // from before the turn
		case l.arrived[i] == 0:
			l.arrived[i] = now
			rows++
		case l.arrived[i] >= l.since:
			duplicates++
		}
		text = text[min(leastRow, len(text)):]
	}
	l.rows.Add(rows)
	l.events.Add(1)
	if duplicates > 0 {
		l.duplicates.Add(duplicates)
	}
	return nil
}

// note keeps the cursor of an event.
func (l *ledger) note(text []byte) {
	head := text[:min(len(text), cursorWithin)]
	if at := bytes.Index(head, cursorKey); at >= 0 {
		l.cursor = max(l.cursor, number(head[at+len(cursorKey):]))
	}
}

// number is the digits that a text begins with.
func number(text []byte) (n int64) {
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			break
		}
		n = 10*n + int64(digit-'0')
	}
	return n
}
