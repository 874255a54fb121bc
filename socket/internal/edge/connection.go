package edge

import (
	"bytes"
	"sync"
	"time"

	"github.com/zishang520/socket.io/parsers/engine/v3/packet"
	"github.com/zishang520/socket.io/servers/engine/v3"
)

// A client may send packetBurst packets at once, and packetRate a second in the long run. Ours answers a ping every 25 s
// and asks for a history now and then.
const (
	packetBurst = 100
	packetRate  = 20
)

// connection looks at what a client sends before the library does, which mends two things about it.
//
// It queues what a client sends without bound: a client that sends more than it could mean is disconnected.
//
// It tells a client that it has joined a moment before it knows so itself: what a fast client sends at once would be
// taken for that of a client that has not joined, and end the connection. So it is held back for that moment.
type connection struct {
	engine.Socket
	closed chan struct{}

	mu      sync.Mutex
	left    float64       // packets that it may still send at once
	last    time.Time     // when it sent one
	joining chan struct{} // closed when it has joined or was refused; nil while it does not try
}

// watch is called by the library for each connection.
func (s *Server) watch(connections ...any) {
	c := &connection{Socket: connections[0].(engine.Socket), closed: make(chan struct{}), left: packetBurst, last: time.Now()}
	s.connections.Store(c.Id(), c)
	// None of these names is one that the library keeps for itself.
	_ = c.On("packet", func(packets ...any) { c.take(packets[0].(*packet.Packet)) })
	_ = c.Once("close", func(...any) {
		s.connections.Delete(c.Id())
		close(c.closed)
	})
}

// take returns when the library may see the packet.
func (c *connection) take(p *packet.Packet) {
	c.mu.Lock()
	now := time.Now()
	c.left = min(packetBurst, c.left+packetRate*now.Sub(c.last).Seconds()) - 1
	c.last = now
	over, joining := c.left < 0, c.joining
	if joining == nil && joins(p) {
		c.joining = make(chan struct{})
	}
	c.mu.Unlock()
	if over {
		c.Close(true)
		return
	}
	if joining != nil {
		select {
		case <-joining:
		case <-c.closed:
		}
	}
}

// joins says whether a packet is Socket.IO's CONNECT to the main namespace.
func joins(p *packet.Packet) bool {
	data, ok := p.Data.(interface{ Bytes() []byte })
	if p.Type != packet.MESSAGE || !ok {
		return false
	}
	namespace, found := bytes.CutPrefix(data.Bytes(), []byte("0"))
	if !found || !bytes.HasPrefix(namespace, []byte("/")) {
		return found
	}
	namespace, _, _ = bytes.Cut(namespace, []byte(","))
	return string(namespace) == "/"
}

// joined lets through what was held back.
func (s *Server) joined(id string) {
	found, ok := s.connections.Load(id)
	if !ok {
		return // it has closed
	}
	c := found.(*connection)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joining != nil {
		close(c.joining)
		c.joining = nil
	}
}
