// Package edge speaks Socket.IO to the browsers. It is the only place that imports the Socket.IO server.
package edge

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/zishang520/socket.io/servers/engine/v3/transports"
	socketio "github.com/zishang520/socket.io/servers/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/socket/internal/hub"
)

const (
	connectTimeout = 5 * time.Second // a connection that never joins the namespace is closed
	maxMessage     = 16 << 10        // bytes that a client may send at once; ours send next to nothing
	closeTimeout   = 5 * time.Second // for the clients to be gone
)

// Streamer sends a client everything, from its cursor on if it has one, until ctx ends or send fails.
type Streamer interface {
	Stream(ctx context.Context, cursor *int64, send func(hub.Message) error) error
}

// Historian answers what clients ask for.
type Historian interface {
	Answer(ctx context.Context, q event.HistoryQuery) (event.History, *event.Failure)
}

// Options is what an edge is made of.
type Options struct {
	Token        service.Token
	Origins      []string      // of other pages that may connect, as browsers say them: https://host
	Clients      int           // the most at once
	PingInterval time.Duration // 0: 25 s
	PingTimeout  time.Duration // for the pong; 0: 20 s
	WriteTimeout time.Duration // a client that takes nothing for this long is disconnected; 0: 10 s
	Stream       Streamer
	History      Historian
	Log          *slog.Logger
}

// Server is the Socket.IO server.
type Server struct {
	Options
	io      *socketio.Server
	handler http.Handler
	dropped dropped
	lines   service.LineLimit // every client can be dropped
	ctx     context.Context   // of the clients; ends with Close
	end     context.CancelFunc

	connections sync.Map // *connection by id

	mu      sync.Mutex
	closing bool           // no client is added any more
	clients sync.WaitGroup // their goroutines
}

// New makes a server; its clients end with Close.
func New(o Options) (*Server, error) {
	o.PingInterval = cmp.Or(o.PingInterval, 25*time.Second)
	o.PingTimeout = cmp.Or(o.PingTimeout, 20*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 10*time.Second)
	pongDelay := o.PingTimeout / 10
	options := socketio.DefaultServerOptions()
	options.SetConnectTimeout(connectTimeout)
	options.SetMaxHttpBufferSize(maxMessage)
	options.SetServeClient(false)
	options.SetTransports(types.NewSet[transports.TransportCtor](
		&polls{pongDelay: pongDelay, writeTimeout: o.WriteTimeout}, &webSockets{pongDelay: pongDelay, log: o.Log},
	))
	options.SetPingInterval(o.PingInterval)
	options.SetPingTimeout(o.PingTimeout)
	// Options given to ServeHandler alone are not read.
	s := &Server{Options: o, io: socketio.NewServer(nil, options)}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.io.Use(s.admit)
	err := s.io.On("connection", func(clients ...any) { s.serve(clients[0].(*socketio.Socket)) })
	engine := s.io.ServeHandler(nil)
	s.handler = s.allow(guard(engine, o.WriteTimeout))
	return s, errors.Join(err, s.io.Engine().On("connection", s.watch))
}

// ServeHTTP serves `/socket.io/`.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// admit looks at what a client said when it connected.
func (s *Server) admit(client *socketio.Socket, next func(*socketio.ExtendedError)) {
	auth, err := authOf(client)
	switch {
	case err != nil:
		s.refuse(client, next, event.Failure{Code: "parametro_invalido", Message: "auth: " + err.Error()})
	case !s.Token.Admits(auth.Token):
		s.refuse(client, next, event.Failure{Code: "sin_permiso", Message: "the token is missing or wrong"})
	default:
		client.SetData(auth)
		next(nil)
	}
}

// refuse tells a client why it may not join. It may try again.
func (s *Server) refuse(client *socketio.Socket, next func(*socketio.ExtendedError), f event.Failure) {
	next(socketio.NewExtendedError(f.Message, f))
	s.joined(client.Conn().Id())
}

// authOf reads `auth`.
func authOf(client *socketio.Socket) (auth event.Auth, err error) {
	text, err := json.Marshal(client.Handshake().Auth)
	if err != nil {
		return auth, errors.New("is not JSON")
	}
	if err := json.Unmarshal(text, &auth); err != nil {
		return auth, errors.New("the token is a string, and the cursor a whole number")
	}
	if auth.Cursor != nil && (*auth.Cursor < 0 || *auth.Cursor > sample.MaxInteger) {
		return auth, errors.New("the cursor is one that a client was sent, 0 to 2^53 - 1")
	}
	return auth, nil
}

// serve streams to a client until one of the two leaves.
func (s *Server) serve(client *socketio.Socket) {
	defer s.joined(client.Conn().Id())
	auth := client.Data().(event.Auth) // which admit has read
	ctx, leave := context.WithCancel(s.ctx)
	err := errors.Join(
		client.On("disconnect", func(...any) { leave() }),
		client.On(event.NameHistory, func(args ...any) { s.history(ctx, args) }),
	)
	out := newSender(client.Conn(), s.WriteTimeout)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		leave()
		client.Disconnect(true)
		return
	}
	s.clients.Go(func() {
		defer leave()
		if err == nil {
			err = s.Stream.Stream(ctx, auth.Cursor, func(m hub.Message) error { return out.send(ctx, m.(*message)) })
		}
		s.part(client, err)
	})
}

// part disconnects a client whose stream has ended, and counts why.
func (s *Server) part(client *socketio.Socket, err error) {
	var timeout net.Error // the WebSocket library hides which error it was
	switch {
	case errors.Is(err, context.Canceled): // the client left, or we do
		return
	case errors.Is(err, hub.ErrBehind):
		s.dropped.behind.Add(1)
	case errors.As(err, &timeout) && timeout.Timeout():
		s.dropped.slow.Add(1)
	default: // its connection broke
		client.Disconnect(true)
		return
	}
	s.lines.Log(s.Log, time.Now(), slog.LevelWarn, "client_dropped", fmt.Errorf("%s: %w", client.Conn().RemoteAddress(), err))
	client.Disconnect(true)
}

// Close disconnects every client and waits until they are gone.
func (s *Server) Close() {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.end()
	s.io.Close(nil)
	gone := make(chan struct{})
	go func() {
		s.clients.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(closeTimeout): // one of them hangs in a write, which has an end of its own
	}
}
