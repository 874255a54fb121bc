// Package patience ends the connections of clients that take nothing of what is written to them. net/http bounds how
// long a client may take to ask, but an answer only as a whole; an export and a WebSocket may be of any length.
package patience

import (
	"errors"
	"net"
	"sync"
	"time"
)

// chunk is how many bytes a client must have taken in time, but for what the buffers on the way hold.
const chunk = 64 << 10

// Listener accepts connections whose clients have limit for each chunk.
func Listener(ln net.Listener, limit time.Duration) net.Listener { return listener{ln, limit} }

type listener struct {
	net.Listener
	limit time.Duration
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, limit: l.limit}, nil
}

// conn has no CloseWrite, as that of TCP: a proxied WebSocket whose other end has gone would be closed by half, and wait
// for a client that may never close the other one.
type conn struct {
	net.Conn
	limit time.Duration

	mu  sync.Mutex
	end time.Time // the server's own deadline; the zero value where there is none
}

func (c *conn) Write(b []byte) (written int, err error) {
	for {
		if err := c.allow(); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(b[written:min(len(b), written+chunk)])
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// allow gives the write that comes next its time.
func (c *conn) allow() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	deadline := time.Now().Add(c.limit)
	if !c.end.IsZero() && c.end.Before(deadline) {
		deadline = c.end
	}
	return c.Conn.SetWriteDeadline(deadline)
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = t
	return c.Conn.SetWriteDeadline(t)
}

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}
