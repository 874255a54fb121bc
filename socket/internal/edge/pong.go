package edge

import (
	"sync/atomic"
	"time"

	"github.com/zishang520/socket.io/parsers/engine/v3/packet"
	"github.com/zishang520/socket.io/servers/engine/v3/transports"
)

// pongs holds the answers to pings back. The library writes a ping and then starts the time for the answer: one that
// it saw before would stop nothing, and the client would be taken for dead. So it sees it a little later.
type pongs struct {
	delay time.Duration
	held  atomic.Bool // at most one, however many a client sends
}

// pass hands a packet to the library.
func (h *pongs) pass(t transports.Transport, p *packet.Packet) {
	if p == nil || p.Type != packet.PONG || !h.held.CompareAndSwap(false, true) {
		t.OnPacket(p)
		return
	}
	time.AfterFunc(h.delay, func() {
		h.held.Store(false)
		t.OnPacket(p)
	})
}
