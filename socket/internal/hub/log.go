package hub

import (
	"context"
	"errors"
	"sync"
)

const (
	logMessages = 1024     // four minutes of ticks
	logBytes    = 32 << 20 // the largest message apart, which is kept in any case
)

// ErrBehind ends the stream of a client that takes less than comes.
var ErrBehind = errors.New("the client fell too far behind")

// log is the queue of all clients: the last messages, in order. A client is a place in it and holds no memory of its
// own; one that falls out of it is lost.
type log struct {
	mu       sync.Mutex
	messages []Message
	first    int64 // the place of messages[0]
	bytes    int
	news     chan struct{} // closed when something is appended
}

func newLog() *log { return &log{news: make(chan struct{})} }

// append adds a message and drops the oldest ones beyond the bounds.
func (l *log) append(m Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages = append(l.messages, m)
	l.bytes += m.Size()
	for len(l.messages) > 1 && (len(l.messages) > logMessages || l.bytes > logBytes) {
		l.bytes -= l.messages[0].Size()
		l.messages[0] = nil
		l.messages = l.messages[1:]
		l.first++
	}
	close(l.news)
	l.news = make(chan struct{})
}

// end is the place of the next message.
func (l *log) end() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first + int64(len(l.messages))
}

// at is the message at a place. Where there is none yet, it is nil, and news will be closed when there may be.
func (l *log) at(place int64) (m Message, news <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch i := place - l.first; {
	case i < 0:
		return nil, nil, ErrBehind
	case i < int64(len(l.messages)):
		return l.messages[i], nil, nil
	}
	return nil, l.news, nil
}

// follow sends every message from a place on, until ctx ends, send fails, or the client is behind.
func (l *log) follow(ctx context.Context, place int64, send func(Message) error) error {
	for {
		m, news, err := l.at(place)
		if err != nil {
			return err
		}
		if m == nil {
			select {
			case <-news:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := send(m); err != nil {
			return err
		}
		place++
	}
}

// near says whether a client can well go on from a place: what came since is at most half of what is kept.
func (l *log) near(place int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, since := place-l.first, 0
	if i < 0 {
		return false
	}
	for _, m := range l.messages[i:] {
		since += m.Size()
	}
	return since <= logBytes/2 && len(l.messages)-int(i) <= logMessages/2
}
