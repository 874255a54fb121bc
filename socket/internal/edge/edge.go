// Package edge speaks Socket.IO to the browsers. It is the only place that imports the Socket.IO server.
package edge

import (
	"log/slog"
	"net/http"
	"net/url"
	"time"

	socketio "github.com/zishang520/socket.io/servers/socket/v3"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/service"
)

const (
	connectTimeout = 5 * time.Second  // a connection that never joins the namespace is closed
	maxMessage     = 16 << 10         // bytes that a client may send at once; ours send next to nothing
	audience       = "live"           // the room of the clients that have their snapshot
	writeTimeout   = 10 * time.Second // a client that takes nothing for this long is disconnected
)

// Welcomer gives a new client its snapshot, and holds the events back until welcome has returned.
type Welcomer interface {
	Welcome(now time.Time, welcome func(event.Snapshot))
}

// Server is the Socket.IO server.
type Server struct {
	io *socketio.Server
}

// New makes a server that does not know its Welcomer yet.
func New() *Server {
	options := socketio.DefaultServerOptions()
	options.SetConnectTimeout(connectTimeout)
	options.SetMaxHttpBufferSize(maxMessage)
	options.SetServeClient(false)
	// Options given to ServeHandler alone are not read.
	return &Server{io: socketio.NewServer(nil, options)}
}

// Handler serves `/socket.io/` to pages of the same origin, and welcomes each client.
func (s *Server) Handler(hub Welcomer, log *slog.Logger, now func() time.Time) (http.Handler, error) {
	err := s.io.On("connection", func(clients ...any) {
		client := clients[0].(*socketio.Socket)
		hub.Welcome(now(), func(snapshot event.Snapshot) {
			if err := client.Emit(event.NameSnapshot, snapshot); err != nil {
				log.Warn("snapshot not sent", "client", client.Id(), "error", err)
			}
			client.Join(audience)
		})
	})
	return sameOrigin(guard(s.io.ServeHandler(nil), writeTimeout)), err
}

// Broadcast sends an event to every client that has its snapshot.
func (s *Server) Broadcast(name string, payload any) {
	// It only fails on names that Socket.IO keeps for itself; ours are constants.
	_ = s.io.To(audience).Emit(name, payload)
}

// Close disconnects every client.
func (s *Server) Close() { s.io.Close(nil) }

// sameOrigin refuses what a page of another site sends. Browsers set Origin on every WebSocket and no page can
// change it; programs need not send it.
func sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			from, err := url.Parse(origin)
			// Sandboxed frames and files have no host: `null` parses, and must not equal a header that is not there.
			if err != nil || from.Host == "" || from.Host != r.Host && from.Host != r.Header.Get("X-Forwarded-Host") {
				service.WriteError(w, http.StatusForbidden, service.Error{Code: "origen", Message: "pages of other sites may not read the stream"})
				return
			}
			// The library would compare it with Host, which behind a proxy is another name.
			r = r.Clone(r.Context())
			r.Header.Del("Origin")
		}
		next.ServeHTTP(w, r)
	})
}
