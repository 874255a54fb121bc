package edge

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/zishang520/socket.io/parsers/engine/v3/packet"
	"github.com/zishang520/socket.io/servers/engine/v3/transports"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

// polls makes the library's long-polling sessions.
type polls struct {
	transports.PollingBuilder
	pongDelay    time.Duration
	writeTimeout time.Duration
}

// New is called by the library for each session.
func (b *polls) New(ctx *types.HttpContext) transports.Transport {
	p := &poll{
		Transport: transports.MakeTransport(), pongs: &pongs{delay: b.pongDelay}, writeTimeout: b.writeTimeout,
		more: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	p.Prototype(p)
	p.Construct(ctx)
	return p
}

// poll is a long-polling session of Engine.IO (https://github.com/socketio/engine.io-protocol#http-long-polling): a GET
// waits until there is something to answer, a POST brings what the client has to say. Each request is answered by its own
// goroutine. The library's session (v3.0.5) answers from others, which race with the end of the request, and does not
// answer a poll that waits while the session ends, which then holds a drain.
type poll struct {
	transports.Transport
	pongs        *pongs
	writeTimeout time.Duration

	mu        sync.Mutex
	handshake *types.HttpContext // the first request, until it is answered
	waiting   bool               // a GET is there
	posting   bool               // a POST is there
	packets   []*packet.Packet   // for the GET that waits, or the next one
	more      chan struct{}      // holds a token after packets were added
	ended     chan struct{}      // closed at the end of the session
}

// Name is that of the protocol.
func (p *poll) Name() string { return transports.POLLING }

// OnRequest is called with each request of the session, by the goroutine that serves it.
func (p *poll) OnRequest(ctx *types.HttpContext) {
	switch {
	case p.Sid() == "": // the library answers the handshake in this goroutine when it has made the session
		p.mu.Lock()
		p.handshake = ctx
		p.mu.Unlock()
		p.SetWritable(true)
	case ctx.Method() == http.MethodGet:
		p.get(ctx)
	case ctx.Method() == http.MethodPost:
		p.post(ctx)
	default:
		p.answer(ctx, http.StatusMethodNotAllowed, "")
	}
}

// enter notes that a request is there, unless there is one of its kind already.
func (p *poll) enter(there *bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *there {
		return false
	}
	*there = true
	return true
}

func (p *poll) leave(there *bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*there = false
}

func (p *poll) get(ctx *types.HttpContext) {
	if !p.enter(&p.waiting) {
		p.answer(ctx, http.StatusBadRequest, "")
		p.OnError("two polls at once", nil)
		return
	}
	defer p.leave(&p.waiting)
	packets := p.take()
	if packets == nil {
		p.SetWritable(true)
		p.Emit("ready") // the library sends what it holds
		select {
		case <-p.more:
		case <-p.ended:
		case <-ctx.Context().Done():
			p.SetWritable(false)
			ctx.Flush()
			p.OnError("the client left its poll", ctx.Context().Err())
			return
		}
		p.SetWritable(false)
		packets = p.take()
	}
	if packets == nil {
		packets = []*packet.Packet{{Type: packet.NOOP}} // the session has ended
	}
	p.respond(ctx, packets)
}

// take is the packets that are there, or nil.
func (p *poll) take() []*packet.Packet {
	p.mu.Lock()
	defer p.mu.Unlock()
	packets := p.packets
	p.packets = nil
	select {
	case <-p.more: // was for these
	default:
	}
	return packets
}

// Send gives packets to the poll that waits, or to the next one.
func (p *poll) Send(packets []*packet.Packet) {
	p.SetWritable(false)
	p.mu.Lock()
	handshake := p.handshake
	p.handshake = nil
	if handshake == nil {
		p.packets = append(p.packets, packets...)
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
	p.mu.Unlock()
	if handshake != nil {
		p.respond(handshake, packets)
	}
}

func (p *poll) respond(ctx *types.HttpContext, packets []*packet.Packet) {
	payload, err := p.Parser().EncodePayload(packets)
	if err == nil {
		err = p.write(ctx, http.StatusOK, "text/plain; charset=UTF-8", payload.Bytes())
	}
	if err != nil {
		p.OnError("polling write error", err)
		return
	}
	p.Emit("drain")
}

func (p *poll) post(ctx *types.HttpContext) {
	if !p.enter(&p.posting) {
		p.answer(ctx, http.StatusBadRequest, "")
		p.OnError("two posts at once", nil)
		return
	}
	defer p.leave(&p.posting)
	if ctx.Headers().Peek("Content-Type") == "application/octet-stream" {
		p.answer(ctx, http.StatusBadRequest, "")
		p.OnError("binary comes as base64", nil)
		return
	}
	// The limit closes the connection, so that what is left of the body is not read.
	body, err := io.ReadAll(http.MaxBytesReader(ctx.Response(), ctx.Request().Body, p.MaxHttpBufferSize()))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		p.answer(ctx, http.StatusRequestEntityTooLarge, "")
		return
	}
	if err != nil {
		p.answer(ctx, http.StatusBadRequest, "")
		p.OnError("the body did not arrive", err)
		return
	}
	if !p.deliver(body) {
		p.answer(ctx, http.StatusBadRequest, "")
		return
	}
	p.answer(ctx, http.StatusOK, "ok")
}

// deliver hands a payload to the library, and says whether the session can go on, or was ended by its client.
func (p *poll) deliver(payload []byte) bool {
	packets, err := p.Parser().DecodePayload(types.NewStringBuffer(payload))
	for _, one := range packets {
		if one.Type == packet.CLOSE {
			p.OnClose()
			return true
		}
		p.pongs.pass(p, one)
	}
	if err != nil {
		p.OnPacket(&packet.Packet{Type: packet.ERROR}) // ends the session, as on a WebSocket
	}
	return p.ReadyState() == "open"
}

// answer is the whole answer but for a poll's.
func (p *poll) answer(ctx *types.HttpContext, status int, text string) {
	// A client that takes nothing has left.
	_ = p.write(ctx, status, "text/html", []byte(text))
}

// write gives the client as long as the guard of the WebSockets does.
func (p *poll) write(ctx *types.HttpContext, status int, kind string, body []byte) error {
	defer ctx.Flush() // which says that the request is answered
	w := ctx.Response()
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	end := time.Now().Add(patience(p.writeTimeout, len(body)))
	for len(body) > 0 {
		deadline := time.Now().Add(p.writeTimeout)
		if end.Before(deadline) {
			deadline = end
		}
		if err := control.SetWriteDeadline(deadline); err != nil {
			return err
		}
		n, err := w.Write(body[:min(len(body), writeChunk)])
		if err != nil {
			return err
		}
		body = body[n:]
	}
	if err := control.Flush(); err != nil {
		return err
	}
	return control.SetWriteDeadline(time.Time{}) // what comes next on this connection has its own
}

// OnClose ends the session, whoever closes, and with it the poll that waits.
func (p *poll) OnClose() {
	p.mu.Lock()
	select {
	case <-p.ended:
	default:
		close(p.ended)
	}
	p.mu.Unlock()
	p.Transport.OnClose()
}

// DoClose says goodbye to a client that waits, and ends the session.
func (p *poll) DoClose(done types.Callable) {
	if p.Writable() {
		p.Send([]*packet.Packet{{Type: packet.CLOSE}})
	}
	if done != nil {
		done()
	}
	p.OnClose()
}
