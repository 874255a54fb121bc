package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
)

const (
	atOnce      = 50  // clients that connect at the same time
	descriptors = 200 // that a server and the driver need besides their clients
)

// crowd is clients that listen.
type crowd struct {
	clients   []*client
	away      time.Duration // how long a client whose connection ended stays away at most; 0 for ever
	listening sync.WaitGroup
	leaving   atomic.Bool
	cuts      atomic.Int64 // connections that cutSome ended
	dropped   atomic.Int64 // connections that a server ended
	reason    atomic.Value // of the first one, an error
}

// audience is what a crowd is made for.
type audience struct {
	clients int
	address string        // of the server
	greeted bool          // the server sends a snapshot
	base    int64         // the highest id before the first row that counts
	rows    int           // that there will be
	away    time.Duration // how long a client whose connection ended stays away at most; 0 for ever
}

// gather connects clients, which then listen until disperse.
func gather(ctx context.Context, a audience) (*crowd, error) {
	n := a.clients
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil, err
	}
	if limit.Cur < uint64(n+descriptors) { //nolint:gosec // not negative
		return nil, fmt.Errorf("%d clients need more descriptors than the %d that are allowed: ulimit -n %d", n, limit.Cur, n+descriptors)
	}
	c := &crowd{clients: make([]*client, n), away: a.away}
	clock := clock{time.Now()}
	for i := range c.clients {
		c.clients[i] = &client{
			ledger:  ledger{clock: clock, base: a.base, arrived: make([]stamp, a.rows)},
			address: a.address, greeted: a.greeted,
		}
	}
	var next atomic.Int64
	err := bench.Together(min(n, atOnce), func(int) error {
		for i := next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = next.Add(1) - 1 {
			if err := c.clients[i].connect(ctx, false); err != nil {
				return err
			}
			c.listening.Go(func() { c.stay(ctx, c.clients[i]) })
		}
		return ctx.Err()
	})
	if err != nil {
		c.disperse()
		return nil, err
	}
	return c, nil
}

// stay listens, and comes back when the connection has ended, until the crowd disperses.
func (c *crowd) stay(ctx context.Context, client *client) {
	reason := client.listen()
	for !c.leaving.Load() {
		if !client.meant.Load() && c.dropped.Add(1) == 1 {
			c.reason.Store(reason)
		}
		if c.away == 0 || pause(ctx, rand.N(c.away)) != nil { //nolint:gosec // not a secret
			return
		}
		if reason = client.connect(ctx, true); reason != nil {
			continue
		}
		if c.leaving.Load() { // it was not there to be cut
			client.cut()
		}
		reason = client.listen()
	}
}

// cutSome cuts some of the connections each second, whatever is happening on them, until ctx ends.
func (c *crowd) cutSome(ctx context.Context, perSecond int) {
	for pause(ctx, time.Second/time.Duration(perSecond)) == nil {
		client := c.clients[rand.N(len(c.clients))] //nolint:gosec // not a secret
		if !client.meant.Swap(true) {
			client.cut()
			c.cuts.Add(1)
		}
	}
}

// disperse disconnects all clients. What they were sent can be read then.
func (c *crowd) disperse() {
	c.leaving.Store(true)
	for _, client := range c.clients {
		if client.conn.Load() != nil {
			client.cut()
		}
	}
	c.listening.Wait()
}

// clock is that of all clients.
func (c *crowd) clock() clock { return c.clients[0].clock }

// sum adds up what each client has counted so far.
func (c *crowd) sum(of func(*client) int64) (n int64) {
	for _, client := range c.clients {
		n += of(client)
	}
	return n
}

func rowsOf(c *client) int64       { return c.rows.Load() }
func eventsOf(c *client) int64     { return c.events.Load() }
func duplicatesOf(c *client) int64 { return c.duplicates.Load() }

// await waits until every client has this many rows, but no longer than d.
func (c *crowd) await(ctx context.Context, rows int, d time.Duration) error {
	deadline := time.Now().Add(d)
	for c.sum(rowsOf) < int64(rows)*int64(len(c.clients)) && time.Now().Before(deadline) {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// pause waits for d, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
