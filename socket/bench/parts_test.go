package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
)

// served is a server's frame.
func served(op byte, last bool, text string) []byte {
	if last {
		op |= 0x80
	}
	switch n := len(text); {
	case n < 126:
		return append([]byte{op, byte(n)}, text...)
	case n < 1<<16:
		return append(binary.BigEndian.AppendUint16([]byte{op, 126}, uint16(n)), text...)
	default:
		return append(binary.BigEndian.AppendUint64([]byte{op, 127}, uint64(n)), text...)
	}
}

func TestMessagesOfEveryLength(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 4096, 4097, 65535, 65536, 1 << 20} {
		text := strings.Repeat("x", n)
		stream := joined(served(opText, true, text), served(opText, false, text), served(opMore, false, ""), served(opMore, true, text),
			served(opText, false, text), served(opMore, true, text), served(opText, true, "end"))
		in := bufio.NewReader(bytes.NewReader(stream))
		for i, want := range []string{text, text + text, "", "end"} {
			h, err := readHead(in)
			if err != nil || h.op != opText {
				t.Fatalf("%d bytes, message %d: %v, %v", n, i, h, err)
			}
			if i == 2 {
				if err := skip(in, h); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := whole(in, h, func(got []byte) error {
				if string(got) != want {
					t.Errorf("%d bytes, message %d is of %d", n, i, len(got))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func joined(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestFramesThatNoServerMaySend(t *testing.T) {
	masked := served(opText, true, "x")
	masked[1] |= 0x80
	for name, stream := range map[string][]byte{
		"masked":        masked,
		"too long":      binary.BigEndian.AppendUint64([]byte{0x80 | opText, 127}, longest+1),
		"far too long":  binary.BigEndian.AppendUint64([]byte{0x80 | opText, 127}, 1<<63),
		"in the middle": joined(served(opText, false, "x"), served(opText, true, "y")),
		"cut":           served(opText, true, "xyz")[:4],
	} {
		in := bufio.NewReader(bytes.NewReader(stream))
		h, err := readHead(in)
		if err == nil {
			err = whole(in, h, func([]byte) error { return nil })
		}
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// rowsWith is a `samples` event.
func rowsWith(t *testing.T, cursor int64, ids ...int64) []byte {
	t.Helper()
	e := event.Samples{Cursor: cursor}
	for _, id := range ids {
		e.Rows = append(e.Rows, sample.Row{ID: id})
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return joined([]byte(`42["samples",`), text, []byte(`]`))
}

func TestLedger(t *testing.T) {
	l := ledger{clock: clock{time.Now()}, base: 10, arrived: make([]stamp, 5)}
	take := func(cursor int64, ids ...int64) {
		t.Helper()
		if err := l.take(rowsWith(t, cursor, ids...)); err != nil {
			t.Fatal(err)
		}
	}
	again := func() {
		time.Sleep(2 * step) // a connection begins after what came on the one before
		l.since, l.shown = l.clock.now(), l.cursor
	}
	expect := func(what string, rows, duplicates int64) {
		t.Helper()
		if l.rows.Load() != rows || l.duplicates.Load() != duplicates {
			t.Errorf("%s: %d rows, %d duplicates", what, l.rows.Load(), l.duplicates.Load())
		}
	}
	take(11, 11, 13)
	expect("two rows", 2, 0)
	take(13, 12, 13)
	expect("one again on the same connection", 3, 1)
	take(11, 9)
	expect("one from before", 3, 1)
	again()
	if l.shown != 13 {
		t.Errorf("the cursor is %d, not the highest", l.shown)
	}
	take(14, 13, 14)
	expect("one that the cursor shown included", 4, 2)
	take(13, 15)
	again()
	take(15, 15)
	expect("one that the cursor shown did not include", 5, 2)
	if l.arrived[0] == 0 || l.events.Load() != 6 {
		t.Errorf("%v, %d events", l.arrived, l.events.Load())
	}
	for _, id := range []int64{0, 16, 1 << 40} {
		if err := l.take(rowsWith(t, 1, id)); err == nil {
			t.Errorf("row %d was taken", id)
		}
	}
}

// The ledger passes over leastRow bytes after each id.
func TestNoRowIsShorter(t *testing.T) {
	text := rowsWith(t, 0, 1, 2)
	first := bytes.Index(text, idKey)
	if second := bytes.LastIndex(text, idKey); second-first-len(idKey) < leastRow {
		t.Errorf("%d bytes lie between two ids", second-first)
	}
	if bytes.Index(text, cursorKey)+len(cursorKey)+20 > cursorWithin {
		t.Error("the cursor does not stand at the start")
	}
}

func TestEvaluate(t *testing.T) {
	at := func(n float64) stamp { return stamp(n * float64(time.Millisecond/step)) }
	rows := []stored{{1, at(90), at(95)}, {2, at(200), at(210)}, {3, at(300), at(310)}, {4, at(1200), at(1201)}}
	had := &client{ledger: ledger{arrived: []stamp{at(150), at(205), at(410), at(1300)}}}
	lacks := &client{ledger: ledger{arrived: []stamp{at(150), at(250), 0, at(1090)}}}
	lacks.duplicates.Store(7)
	m := evaluate(&crowd{clients: []*client{had, lacks}}, rows, counters{at: at(100)}, counters{at: at(1100), server: time.Second, events: 8})
	for what, is := range map[string]bool{
		"written":        m.written == 2,
		"delivered":      m.delivered == 6, // all within the time, whenever they were written
		"events":         m.events == 4,
		"lost":           m.lost == 1,
		"twice":          m.duplicates == 7,
		"before it":      m.p50 == 40*time.Millisecond, // of 0, since it came before the answer, 40, 100 and never
		"lost is late":   m.p99 > time.Hour,
		"CPU":            m.perRow == time.Second/6 && m.server == 1,
		"never is never": ms(p99(m)) == "never",
	} {
		if !is {
			t.Errorf("%s: %+v", what, m)
		}
	}
}
