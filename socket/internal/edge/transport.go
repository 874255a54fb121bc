package edge

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/zishang520/socket.io/parsers/engine/v3/packet"
	"github.com/zishang520/socket.io/servers/engine/v3/transports"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

// webSockets makes the library's WebSocket connections.
type webSockets struct {
	transports.WebSocketBuilder
	pongDelay time.Duration
	log       *slog.Logger
}

// New is called by the library for each connection.
func (b *webSockets) New(ctx *types.HttpContext) transports.Transport {
	t := &transport{
		Transport: transports.MakeTransport(), conn: ctx.Websocket, idleTimeout: ctx.IdleTimeout, pongs: &pongs{delay: b.pongDelay}, log: b.log,
	}
	t.Prototype(t)
	t.Construct(ctx)
	t.SetWritable(true)
	go t.read() // ends with the connection, which the guard of its writes and the library's pings close
	return t
}

// transport is a WebSocket of Engine.IO that writes at once, in the goroutine of whoever sends, so that a sender feels
// how fast its client reads. The library's own has a queue without bound and a goroutine for each client, and builds
// the frame of a broadcast anew for each.
type transport struct {
	transports.Transport
	conn        *types.WebSocketConn
	idleTimeout time.Duration
	pongs       *pongs
	log         *slog.Logger

	mu sync.Mutex // one message at a time
}

// Name is that of the protocol.
func (t *transport) Name() string { return transports.WEBSOCKET }

// HandlesUpgrades says that polling can change to this.
func (t *transport) HandlesUpgrades() bool { return true }

// Send writes packets of the library: its handshake, pings, acknowledgements and the like.
func (t *transport) Send(packets []*packet.Packet) {
	for _, p := range packets {
		data, err := t.Parser().EncodePacket(p, t.SupportsBinary())
		if err == nil {
			kind := websocket.BinaryMessage
			if _, ok := data.(*types.StringBuffer); ok {
				kind = websocket.TextMessage
			}
			err = t.write(func() error { return t.conn.WriteMessage(kind, data.Bytes()) })
		}
		if err != nil {
			// The reader tells the library, which of a client that leaves during the handshake would otherwise keep the place.
			_ = t.conn.Conn.Close()
			return
		}
	}
	t.Emit("drain")
}

// sendMessage writes a message of ours, past the buffers of the library.
func (t *transport) sendMessage(m *message) error {
	err := t.write(func() error { return t.conn.WritePreparedMessage(m.frame) })
	if err != nil {
		t.fail(err)
	}
	return err
}

func (t *transport) write(do func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return do()
}

// read hands every message to the library until the connection ends.
func (t *transport) read() {
	defer func() {
		if bug := recover(); bug != nil { // in the library's parsers: it ends this client, and not the service
			t.log.Error("bug", "panic", fmt.Sprint(bug), "stack", string(debug.Stack()))
			t.fail(net.ErrClosed)
		}
	}()
	for {
		if t.idleTimeout > 0 {
			_ = t.conn.SetReadDeadline(time.Now().Add(t.idleTimeout)) // where it fails, so does the read
		}
		kind, message, err := t.conn.NextReader()
		if err != nil {
			t.fail(err)
			return
		}
		content, err := io.ReadAll(message)
		if err != nil {
			t.fail(err)
			return
		}
		data := types.NewBytesBuffer(content)
		if kind == websocket.TextMessage {
			data = types.NewStringBuffer(content)
		}
		p, _ := t.Parser().DecodePacket(data) // what cannot be read is a packet of its own kind
		t.pongs.pass(t, p)
	}
}

// fail ends the transport: quietly where the client left, with an error where it broke the protocol.
func (t *transport) fail(err error) {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
		t.OnError("websocket error", err)
	}
	t.OnClose()
}

// OnClose ends the connection, whoever closes.
func (t *transport) OnClose() {
	t.Transport.OnClose()
	_ = t.conn.Conn.Close() // there is nobody left to tell
}

// DoClose says goodbye and ends the connection.
func (t *transport) DoClose(done types.Callable) {
	goodbye := websocket.FormatCloseMessage(websocket.CloseGoingAway, "")
	// A client that does not read need not hear it.
	_ = t.conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(goodbyeTimeout))
	_ = t.conn.Conn.Close()
	if done != nil {
		done()
	}
}

const goodbyeTimeout = 10 * time.Millisecond
