package functions

import (
	"context"
	"sync"
	"time"
)

// gate counts the requests that are being stored, and can be closed for good. Its zero value is open.
type gate struct {
	mu     sync.Mutex
	inside int
	closed bool
	empty  chan struct{} // closed when the last one leaves; nil while nobody waits
}

// enter says whether a request may go in. One that does must leave.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// close lets requests in until there is a moment without any, but no longer than patience; then it waits for those
// inside, no longer than ctx. It returns how many were left.
func (g *gate) close(ctx context.Context, patience time.Duration) int {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		empty, inside := g.look()
		if inside == 0 {
			return 0
		}
		select {
		case <-empty:
		case <-timer.C:
			g.shut()
		case <-ctx.Done():
			_, inside := g.look()
			return inside
		}
	}
}

// look closes the gate when nobody is inside, and otherwise says what to wait for.
func (g *gate) look() (empty <-chan struct{}, inside int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside == 0 {
		g.closed = true
		return nil, 0
	}
	if g.empty == nil {
		g.empty = make(chan struct{})
	}
	return g.empty, g.inside
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}
