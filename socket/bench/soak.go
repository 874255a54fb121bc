package main

import (
	"context"
	"errors"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/store"
)

// soaking is the load of a soak.
type soaking struct {
	clients, rate int
	cuts          int           // connections that are cut, per second
	away          time.Duration // how long a client that was cut stays away at most
	past          int           // rows that are there before
	look          time.Duration // between two looks at the server
}

// The live window is full from the start, so that the server should hold as much in the end.
var fullSoak = soaking{
	clients: 1000, rate: 60, cuts: 5, away: 2 * time.Second, past: 60 * event.WindowSeconds, look: time.Second,
}

// lines of the table of a soak; the first one is for warming up, and the second what the last one is held against.
const lines = 10

// soak cuts clients abruptly for d while rows are stored. They come back with their cursor, and in the end every client
// must have every row, by `samples` events alone.
func (r *runner) soak(ctx context.Context, d time.Duration, s soaking) (err error) {
	dsn, err := r.db.Tables(ctx, "soak")
	if err != nil {
		return err
	}
	db, err := store.Open(dsn, writers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	base, err := fill(ctx, db, s.past, s.rate)
	if err != nil {
		return err
	}
	server, err := r.programs.start(ctx, ours, dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	idle, err := bench.Holds(server.PID())
	if err != nil {
		return err
	}
	n := int(d.Seconds() * float64(s.rate))
	crowd, err := gather(ctx, audience{s.clients, server.Address, true, base, n, s.away})
	if err != nil {
		return err
	}
	defer crowd.disperse()
	rows, resident, err := r.soaked(ctx, db, server, crowd, n, s)
	if err != nil {
		return err
	}
	if err := crowd.await(ctx, n, s.away+drainTime); err != nil {
		return err
	}
	crowd.disperse()
	return r.judge(ctx, server, crowd, rows, resident, idle)
}

// soaked writes n rows and cuts clients meanwhile, and prints what the server holds. It returns the rows, and the mean
// of the memory for each line.
func (r *runner) soaked(ctx context.Context, db *store.Store, server *bench.Process, c *crowd, n int, s soaking) ([]stored, []float64, error) {
	var rows []stored
	var resident []float64
	writing, end := context.WithCancel(ctx)
	err := bench.Together(3, func(i int) (err error) {
		switch i {
		case 0:
			defer end()
			rows, err = write(ctx, db, c.clock(), n, s.rate)
		case 1:
			c.cutSome(writing, s.cuts)
		case 2:
			each := time.Duration(n) * time.Second / time.Duration(s.rate) / lines
			resident, err = r.watch(writing, server, c, each, s.look)
		}
		return err
	})
	end()
	return rows, resident, err
}

// watch prints a line each time, until ctx ends.
func (r *runner) watch(ctx context.Context, server *bench.Process, c *crowd, each, look time.Duration) (resident []float64, err error) {
	r.say("\n%8s %6s %12s %10s %8s %12s\n", "", "cut", "rows, all", "memory,", "", "")
	r.say("%8s %6s %12s %10s %8s %12s\n", "after", "so far", "clients", "MiB", "threads", "descriptors")
	for line := 1; ctx.Err() == nil; line++ {
		var looks []float64
		var held bench.Held
		for ended := time.Now().Add(each); time.Now().Before(ended) && pause(ctx, look) == nil; {
			if held, err = bench.Holds(server.PID()); err != nil {
				return nil, err
			}
			looks = append(looks, float64(held.Resident)/(1<<20))
		}
		if len(looks) == 0 {
			break
		}
		mean := 0.0
		for _, one := range looks {
			mean += one / float64(len(looks))
		}
		r.say("%8s %6d %12d %10.1f %8d %12d\n", time.Duration(line)*each, c.cuts.Load(), c.sum(rowsOf), mean, held.Threads, held.Descriptors)
		resident = append(resident, mean)
	}
	return resident, nil
}

// judge prints the figures.
func (r *runner) judge(ctx context.Context, server *bench.Process, c *crowd, rows []stored, resident []float64, idle bench.Held) error {
	lost := 0
	for _, client := range c.clients {
		for _, row := range rows {
			if client.arrived[row.id-client.base-1] == 0 {
				lost++
			}
		}
	}
	var held bench.Held
	for deadline := time.Now().Add(drainTime); ; { // the server needs a moment to see that they have left
		var err error
		if held, err = bench.Holds(server.PID()); err != nil {
			return err
		}
		if held.Descriptors <= idle.Descriptors || time.Now().After(deadline) {
			break
		}
		if err := pause(ctx, poll); err != nil {
			return err
		}
	}
	r.say("\nwithout clients: %.1f MiB, %d threads, %d descriptors before; %.1f MiB, %d threads, %d descriptors after\n",
		float64(idle.Resident)/(1<<20), idle.Threads, idle.Descriptors, float64(held.Resident)/(1<<20), held.Threads, held.Descriptors)
	if dropped := c.dropped.Load(); dropped > 0 {
		r.say("the server disconnected %d clients, the first one because of: %v\nthe newest line of its log: %s\n", dropped, c.reason.Load(), server.Last())
	}
	growth := 100 * (resident[len(resident)-1]/resident[min(1, len(resident)-1)] - 1)
	r.say("\nfigure stream.soak_lost_rows %d\nfigure stream.soak_duplicate_rows %d\nfigure stream.soak_cuts %d\n"+
		"figure stream.soak_rss_growth_percent %.1f\nfigure stream.soak_leaked_descriptors %d\n",
		lost, c.sum(duplicatesOf), c.cuts.Load(), growth, max(0, held.Descriptors-idle.Descriptors))
	return nil
}
