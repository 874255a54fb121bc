package edge

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/zishang520/socket.io/servers/engine/v3"
)

// sender sends messages to one client, each after it has taken the one before.
type sender struct {
	conn    engine.Socket
	direct  *transport // once it is a WebSocket, which it stays
	timeout time.Duration
	drained chan struct{} // holds a token when the library has handed over what it held for the client
}

func newSender(conn engine.Socket, timeout time.Duration) *sender {
	s := &sender{conn: conn, timeout: timeout, drained: make(chan struct{}, 1)}
	// Its name is none that the library keeps for itself.
	_ = conn.On("drain", func(...any) {
		select {
		case s.drained <- struct{}{}:
		default:
		}
	})
	return s
}

// send returns when the message is with the operating system. A client that polls takes it with its next poll, which
// is awaited for the timeout.
func (s *sender) send(ctx context.Context, m *message) error {
	if s.direct == nil {
		s.direct, _ = s.conn.Transport().(*transport)
	}
	if s.direct != nil {
		return s.direct.sendMessage(m)
	}
	select {
	case <-s.drained: // of an earlier packet
	default:
	}
	s.conn.Write(m.packet(), nil, nil)
	timer := time.NewTimer(s.timeout)
	defer timer.Stop()
	select {
	case <-s.drained:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return fmt.Errorf("no poll within %s: %w", s.timeout, os.ErrDeadlineExceeded)
	}
}
