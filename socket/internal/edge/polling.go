package edge

import (
	"time"

	"github.com/zishang520/socket.io/parsers/engine/v3/packet"
	"github.com/zishang520/socket.io/servers/engine/v3/transports"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

// polls makes the library's long-polling sessions.
type polls struct {
	transports.PollingBuilder
	pongDelay time.Duration
}

// New is called by the library for each session.
func (b *polls) New(ctx *types.HttpContext) transports.Transport {
	p := &poll{transports.MakePolling(), &pongs{delay: b.pongDelay}}
	p.Prototype(p)
	p.Construct(ctx)
	return p
}

// poll is the library's, but for pongs and for its end: the library (v3.0.5) closes the queue before it puts the goodbye
// into it, so that the poll that waits, or the next one, is never answered, and holds a drain.
type poll struct {
	transports.Polling
	pongs *pongs
}

// OnData is called with the body of each POST.
func (p *poll) OnData(data types.BufferInterface) {
	packets, _ := p.Parser().DecodePayload(data) // what can be read of it
	for _, one := range packets {
		if one.Type == packet.CLOSE {
			p.OnClose()
			return
		}
		p.pongs.pass(p, one)
	}
}

// DoClose answers the poll that waits and ends the session at once.
func (p *poll) DoClose(done types.Callable) {
	if p.Writable() {
		p.Send([]*packet.Packet{{Type: packet.CLOSE}})
	}
	p.Discard()
	p.Polling.DoClose(done)
}
