package edge

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// guard mends two things about the WebSockets of the Socket.IO library (servers/socket/v3 v3.0.5).
//
// It tells a client that the connection is open before it listens to it: the answer of a fast client is lost, and the
// connection then hangs until the connect timeout. So what a client sends is held back until the handshake is over.
//
// It writes without a deadline. So a client that takes nothing for writeTimeout loses its connection.
func guard(next http.Handler, writeTimeout time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open := make(chan struct{})
		defer close(open) // the handler of an upgrade returns when the library has attached its listeners
		next.ServeHTTP(&hijacker{ResponseWriter: w, open: open, writeTimeout: writeTimeout}, r)
	})
}

// hijacker is a ResponseWriter that guards the connection it gives away.
type hijacker struct {
	http.ResponseWriter
	open         <-chan struct{}
	writeTimeout time.Duration
	hijacked     bool
}

func (h *hijacker) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.hijacked = true
	return &guarded{Conn: conn, open: h.open, writeTimeout: h.writeTimeout}, buffered, nil
}

// WriteHeader and Write do nothing once the connection was given away: where the handshake of a WebSocket fails then, the
// library still answers here, and net/http would log it each time.
func (h *hijacker) WriteHeader(status int) {
	if !h.hijacked {
		h.ResponseWriter.WriteHeader(status)
	}
}

func (h *hijacker) Write(b []byte) (int, error) {
	if h.hijacked {
		return 0, http.ErrHijacked
	}
	return h.ResponseWriter.Write(b)
}

// guarded is a connection that reads nothing until open is closed, and writes within writeTimeout.
type guarded struct {
	net.Conn
	open         <-chan struct{}
	writeTimeout time.Duration
	deadline     time.Time // of the write that comes next, where it has one of its own
}

// SetWriteDeadline is called before each write.
func (g *guarded) SetWriteDeadline(t time.Time) error {
	g.deadline = t
	return nil
}

func (g *guarded) Read(b []byte) (int, error) {
	<-g.open
	return g.Conn.Read(b)
}

// Write gives the client writeTimeout for every chunk, so that a large message may take its time as long as it moves; and
// as much for every 512 KiB of it, so that it moves.
func (g *guarded) Write(b []byte) (written int, err error) {
	end := time.Now().Add(patience(g.writeTimeout, len(b)))
	for {
		chunk := b[written:min(len(b), written+writeChunk)]
		deadline := time.Now().Add(g.writeTimeout)
		if end.Before(deadline) {
			deadline = end
		}
		if !g.deadline.IsZero() && g.deadline.Before(deadline) {
			deadline = g.deadline
		}
		if err := g.Conn.SetWriteDeadline(deadline); err != nil {
			return written, err
		}
		n, err := g.Conn.Write(chunk)
		written += n
		if err != nil {
			_ = g.Close() // half a message is on its way: nothing can follow it
			return written, err
		}
		if written == len(b) {
			return written, nil
		}
	}
}

const writeChunk = 64 << 10

// patience is how long a message of so many bytes may take in all.
func patience(writeTimeout time.Duration, size int) time.Duration {
	return writeTimeout * time.Duration(1+size>>19)
}
