package main

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
)

// throughput is what a server did under the load of a round.
type throughput struct {
	perSecond float64       // requests
	cpu       time.Duration // the server's own, per request
}

// saturate lets clients ask one request after the other for a while.
func saturate(ctx context.Context, s *bench.Process, clients int, d time.Duration) (throughput, error) {
	all, err := connect(ctx, s, clients)
	if err != nil {
		return throughput{}, err
	}
	defer disconnect(all)
	before, err := bench.CPU(s.PID())
	if err != nil {
		return throughput{}, err
	}
	var requests atomic.Int64
	began := time.Now()
	err = bench.Together(len(all), func(i int) error {
		c := all[i]
		n := int64(0)
		defer func() { requests.Add(n) }()
		for time.Since(began) < d && ctx.Err() == nil {
			if err := c.get(); err != nil {
				return err
			}
			n++
		}
		return ctx.Err()
	})
	took := time.Since(began)
	if err != nil {
		return throughput{}, err
	}
	after, err := bench.CPU(s.PID())
	n := requests.Load()
	return throughput{perSecond: float64(n) / took.Seconds(), cpu: (after - before) / time.Duration(n)}, err
}

// ask lets clients ask every 1 to 2 s for a while, and returns all latencies. When a request is due does not depend on
// the answer to the one before.
func ask(ctx context.Context, s *bench.Process, clients int, d time.Duration) ([]time.Duration, error) {
	all, err := connect(ctx, s, clients)
	if err != nil {
		return nil, err
	}
	defer disconnect(all)
	latencies := make([][]time.Duration, clients)
	began := time.Now()
	err = bench.Together(len(all), func(i int) error {
		c := all[i]
		random := rand.New(rand.NewPCG(1, uint64(i))) //nolint:gosec // the same users in every run
		wait := func(least float64) time.Duration {
			return time.Duration((least + random.Float64()) * float64(time.Second))
		}
		for due := began.Add(wait(0)); due.Before(began.Add(d)); due = due.Add(wait(1)) {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Until(due)):
			}
			if err := c.get(); err != nil {
				return err
			}
			latencies[i] = append(latencies[i], time.Since(due))
		}
		return nil
	})
	var flat []time.Duration
	for _, some := range latencies {
		flat = append(flat, some...)
	}
	return flat, err
}

// connect opens connections, and asks once on each, so that both sides are ready.
func connect(ctx context.Context, s *bench.Process, clients int) ([]*client, error) {
	all := make([]*client, 0, clients)
	for range clients {
		c, err := dial(ctx, s.Address)
		if err == nil {
			all = append(all, c)
			err = c.conn.SetDeadline(time.Now().Add(time.Hour))
		}
		if err == nil {
			err = c.get()
		}
		if err != nil {
			disconnect(all)
			return nil, err
		}
	}
	return all, nil
}

func disconnect(clients []*client) {
	for _, c := range clients {
		c.close()
	}
}
