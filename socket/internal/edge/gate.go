package edge

import (
	"bufio"
	"net"
	"net/http"
)

// afterHandshake holds back what a client sends over a WebSocket until the server is set up to hear it. The Socket.IO
// library (servers/socket/v3 v3.0.5) tells the client that the connection is open before it listens to it: the
// answer of a fast client is lost, and its connection then hangs until the connect timeout.
func afterHandshake(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open := make(chan struct{})
		defer close(open) // the handler of an upgrade returns when the library has attached its listeners
		next.ServeHTTP(&gate{ResponseWriter: w, open: open}, r)
	})
}

// gate is a ResponseWriter whose hijacked connection reads nothing until open is closed.
type gate struct {
	http.ResponseWriter
	open <-chan struct{}
}

func (g *gate) Unwrap() http.ResponseWriter { return g.ResponseWriter }

func (g *gate) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(g.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &gatedConn{Conn: conn, open: g.open}, buffered, nil
}

type gatedConn struct {
	net.Conn
	open <-chan struct{}
}

func (c *gatedConn) Read(b []byte) (int, error) {
	<-c.open
	return c.Conn.Read(b)
}
