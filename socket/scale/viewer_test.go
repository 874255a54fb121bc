package scale

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// viewer is a page that shows every row, as docs/contract.md asks of a client: it keeps the highest cursor that it was
// sent, shows it when it comes back, and drops the ids that it has. It is often cut off, and then goes to any replica.
type viewer struct {
	random   *rand.Rand
	replicas []*replica
	at       int                             // the replica
	rest     atomic.Pointer[<-chan struct{}] // where set, the next time that it is cut off it stays away until this is closed
	welcome  atomic.Int64                    // how often it was connected and had its snapshot
	fault    error                           // what no service may do; read after the run
	faulty   atomic.Bool                     // there is one

	mu     sync.Mutex
	cursor int64         // -1 before the first snapshot
	turns  map[int64]int // the ids that it has, and in which turn each came
	turn   int
	shown  int64 // the cursor that it showed in this turn
	known  int64 // the cursor of this turn's snapshot, beneath which nothing comes any more; -1 before the snapshot
	had    int   // rows that came again
}

func newViewer(seed int, replicas []*replica) *viewer {
	return &viewer{
		random: rand.New(rand.NewPCG(6, uint64(seed))), replicas: replicas, at: seed % len(replicas),
		cursor: -1, turns: map[int64]int{},
	}
}

// run views until ctx ends. Until calm is closed, it is cut off all the time.
func (v *viewer) run(ctx context.Context, calm <-chan struct{}) {
	for ctx.Err() == nil && v.fault == nil {
		var faulty fault
		err := v.view(ctx, calm)
		if errors.As(err, &faulty) {
			v.fault = err
			v.faulty.Store(true)
		}
		if rest := v.rest.Swap(nil); rest != nil {
			select {
			case <-*rest:
			case <-ctx.Done():
			}
		}
		if v.random.IntN(3) > 0 { // else it comes back to the same
			v.at = (v.at + 1) % len(v.replicas)
		}
		if errors.Is(err, errAway) {
			wait(ctx, 10*time.Millisecond)
		}
	}
}

// fault is what no service may do.
type fault string

func (f fault) Error() string { return string(f) }

var errAway = errors.New("nobody is there")

// view is one turn: from connecting to the end of the connection.
func (v *viewer) view(ctx context.Context, calm <-chan struct{}) error {
	address := v.replicas[v.at].address.Load().(string)
	dialer := websocket.Dialer{HandshakeTimeout: patience}
	conn, response, err := dialer.DialContext(ctx, "ws://"+address+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		if response != nil {
			_ = response.Body.Close()
		}
		return errAway // it is being restarted
	}
	defer cut(conn)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	deadline := time.Now().Add(patience)
	select {
	case <-calm:
	default:
		deadline = time.Now().Add(time.Duration(500+v.random.IntN(6000)) * time.Millisecond)
	}
	if err := conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	for {
		_, message, err := conn.ReadMessage()
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				return os.ErrDeadlineExceeded // the moment at which it is cut off
			}
			return err
		}
		answer, err := v.take(message)
		if err != nil {
			return err
		}
		if answer != "" {
			if err := conn.WriteMessage(websocket.TextMessage, []byte(answer)); err != nil {
				return err
			}
		}
	}
}

// cut ends a connection without a word, as a network does.
func cut(conn *websocket.Conn) {
	_ = conn.NetConn().(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// take takes a packet of Engine.IO and says what to answer.
func (v *viewer) take(packet []byte) (answer string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case bytes.HasPrefix(packet, []byte("0{")):
		return v.connect(), nil
	case string(packet) == "2":
		return "3", nil
	case bytes.HasPrefix(packet, []byte(`42["samples",`)):
		return "", v.samples(packet)
	case bytes.HasPrefix(packet, []byte(`42["snapshot",`)):
		return "", v.snapshot(packet)
	case bytes.HasPrefix(packet, []byte("44")):
		return "", fault("it was refused: " + string(packet))
	}
	return "", nil
}

func (v *viewer) connect() string {
	v.turn++
	v.shown, v.known = v.cursor, -1
	if v.cursor < 0 {
		return "40"
	}
	return `40{"cursor":` + strconv.FormatInt(v.cursor, 10) + `}`
}

func (v *viewer) samples(packet []byte) error {
	last := int64(0)
	for id := range numbers(packet, `"id":`) {
		if id <= last {
			return fault(fmt.Sprintf("row %d came after %d in the same event", id, last))
		}
		last = id
		before, again := v.turns[id]
		switch {
		case !again:
			v.turns[id] = v.turn
			continue
		case before == v.turn:
			return fault(fmt.Sprintf("row %d came twice on one connection", id))
		case id <= v.shown && (v.known < 0 || id <= v.known):
			return fault(fmt.Sprintf("row %d came again, with the cursor %d shown and %d known", id, v.shown, v.known))
		}
		v.had++
	}
	v.advance(packet)
	return nil
}

// snapshot repeats what came before, because what was missed comes first.
func (v *viewer) snapshot(packet []byte) error {
	if v.shown >= 0 {
		if after := first(packet, `"after":`); after != 0 {
			return fault(fmt.Sprintf("rows up to %d may be missing", after))
		}
		for id := range numbers(packet, `"id":`) {
			if _, has := v.turns[id]; !has {
				return fault(fmt.Sprintf("row %d is in the snapshot, and was not sent, with the cursor %d shown", id, v.shown))
			}
		}
	}
	v.known = first(packet, `"cursor":`)
	v.advance(packet)
	v.welcome.Add(1)
	return nil
}

func (v *viewer) advance(packet []byte) { v.cursor = max(v.cursor, first(packet, `"cursor":`)) }

func (v *viewer) rows() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.turns)
}

func (v *viewer) ids() []int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Sorted(maps.Keys(v.turns))
}

// numbers are the integers behind a name. Two hundred clients in one process cannot afford a JSON decoder.
func numbers(packet []byte, name string) func(yield func(int64) bool) {
	return func(yield func(int64) bool) {
		for _, rest, ok := bytes.Cut(packet, []byte(name)); ok; _, rest, ok = bytes.Cut(rest, []byte(name)) {
			digits := rest[:len(rest)-len(bytes.TrimLeft(rest, "0123456789"))]
			n, err := strconv.ParseInt(string(digits), 10, 64)
			if err != nil {
				panic(fmt.Sprintf("%s is not followed by a number in %.200q", name, packet))
			}
			if !yield(n) {
				return
			}
		}
	}
}

func first(packet []byte, name string) int64 {
	for n := range numbers(packet, name) {
		return n
	}
	panic(fmt.Sprintf("no %s in %.200q", strings.Trim(name, `":`), packet))
}
