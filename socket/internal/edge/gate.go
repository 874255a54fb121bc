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
// It queues without bound for a client that does not read. So a write that takes longer than writeTimeout ends the
// connection, which bounds the queue by what is sent in that time.
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
}

func (h *hijacker) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &guarded{Conn: conn, open: h.open, writeTimeout: h.writeTimeout}, buffered, nil
}

// guarded is a connection that reads nothing until open is closed, and writes within writeTimeout.
type guarded struct {
	net.Conn
	open         <-chan struct{}
	writeTimeout time.Duration
}

func (g *guarded) Read(b []byte) (int, error) {
	<-g.open
	return g.Conn.Read(b)
}

func (g *guarded) Write(b []byte) (int, error) {
	if err := g.SetWriteDeadline(time.Now().Add(g.writeTimeout)); err != nil {
		return 0, err
	}
	n, err := g.Conn.Write(b)
	if err != nil {
		_ = g.Close() // the library would go on queueing until the next ping
	}
	return n, err
}
