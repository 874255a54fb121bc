package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	// drainTime is how long after the last commit a row may come.
	drainTime = 5 * time.Second
	// poll is between two looks at what cannot be waited for.
	poll = 20 * time.Millisecond
)

// measured is what a server did in one turn.
type measured struct {
	written, delivered float64       // rows per second; delivered to all clients together
	events             float64       // per second and client
	p50, p99           time.Duration // from the answer of the INSERT to the client
	sent99             time.Duration // from its sending
	perRow             time.Duration // CPU time of the server, per delivered row
	waiting, listening float64       // bytes of memory per client, before the first row and at the end
	lost, duplicates   int64
	dropped            int64 // clients that the server disconnected
	reason             any   // why, of the first one

	server, driver, database, elsewhere float64 // CPUs that each used
}

// counters grow during a turn.
type counters struct {
	at                       stamp
	server, driver, database time.Duration // CPU time
	busy                     time.Duration // of the whole machine
	events                   int64
}

// turn measures one server under one load.
func (r *runner) turn(ctx context.Context, name string, s scenario) (m measured, err error) {
	r.turns++
	dsn, err := r.db.Tables(ctx, fmt.Sprintf("turn%d", r.turns))
	if err != nil {
		return m, err
	}
	db, err := store.Open(dsn, writers)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	server, err := r.programs.start(ctx, name, dsn)
	if err != nil {
		return m, err
	}
	defer func() {
		// One of the others may break down under its load, which is a result.
		if ended := server.Stop(); name == ours {
			err = errors.Join(err, ended)
		} else if ended != nil {
			m.reason = ended
		}
	}()
	idle, err := bench.Holds(server.PID())
	if err != nil {
		return m, err
	}
	n := int((r.warm + r.measured).Seconds() * float64(s.rate))
	crowd, err := gather(ctx, audience{clients: s.clients, address: server.Address, greeted: name == ours, rows: n})
	if err != nil {
		return m, err
	}
	defer crowd.disperse() // in case of an error; it can be done twice

	waiting, err := bench.Holds(server.PID())
	if err != nil {
		return m, err
	}
	var rows []stored
	written := make(chan error, 1)
	go func() {
		var err error
		rows, err = write(ctx, db, crowd.clock(), n, s.rate)
		written <- err
	}()
	before, after, held, err := r.window(ctx, server, crowd)
	if err := errors.Join(<-written, err); err != nil {
		return m, err
	}
	if err := crowd.await(ctx, n, drainTime); err != nil {
		return m, err
	}
	crowd.disperse()
	m = evaluate(crowd, rows, before, after)
	each := func(h bench.Held) float64 { return (float64(h.Resident) - float64(idle.Resident)) / float64(s.clients) }
	m.waiting, m.listening = each(waiting), each(held)
	return m, nil
}

// window looks at what has been counted before and after the time that is measured, and at what the server then holds.
func (r *runner) window(ctx context.Context, server *bench.Process, c *crowd) (before, after counters, held bench.Held, err error) {
	if err = pause(ctx, r.warm/2); err != nil {
		return before, after, held, err
	}
	if before, err = r.look(server, c); err != nil {
		return before, after, held, err
	}
	if err = pause(ctx, r.measured); err != nil {
		return before, after, held, err
	}
	if after, err = r.look(server, c); err != nil {
		return before, after, held, err
	}
	held, err = bench.Holds(server.PID())
	return before, after, held, err
}

func (r *runner) look(server *bench.Process, c *crowd) (now counters, err error) {
	now.at, now.events = c.clock().now(), c.sum(eventsOf)
	for _, one := range []struct {
		pid  int
		used *time.Duration
	}{{server.PID(), &now.server}, {os.Getpid(), &now.driver}, {r.db.PID(), &now.database}} {
		if *one.used, err = bench.CPU(one.pid); err != nil {
			return now, err
		}
	}
	now.busy, _, err = bench.MachineCPU()
	return now, err
}

// evaluate reads the clients' ledgers.
func evaluate(c *crowd, rows []stored, before, after counters) measured {
	within := func(s stamp) bool { return before.at <= s && s < after.at }
	seconds := after.at.after(before.at).Seconds()
	written := 0
	for _, row := range rows {
		if within(row.answered) {
			written++
		}
	}
	fromAnswer := make([]time.Duration, 0, written*len(c.clients))
	fromSending := make([]time.Duration, 0, cap(fromAnswer))
	var delivered, lost int64
	for _, client := range c.clients {
		for _, row := range rows {
			came := client.arrived[row.id-1]
			if within(came) {
				delivered++
			}
			if came == 0 {
				lost++
				came = never
			}
			if within(row.answered) {
				fromAnswer, fromSending = append(fromAnswer, came.after(row.answered)), append(fromSending, came.after(row.sent))
			}
		}
	}
	m := measured{
		written: float64(written) / seconds, delivered: float64(delivered) / seconds,
		events: float64(after.events-before.events) / seconds / float64(len(c.clients)),
		p50:    bench.Percentile(fromAnswer, 50), p99: bench.Percentile(fromAnswer, 99), sent99: bench.Percentile(fromSending, 99),
		perRow: (after.server - before.server) / time.Duration(max(delivered, 1)),
		lost:   lost, duplicates: c.sum(duplicatesOf), dropped: c.dropped.Load(), reason: c.reason.Load(),
	}
	cpus := func(used time.Duration) float64 { return used.Seconds() / seconds }
	m.server, m.driver, m.database = cpus(after.server-before.server), cpus(after.driver-before.driver), cpus(after.database-before.database)
	m.elsewhere = max(0, cpus(after.busy-before.busy)-m.server-m.driver-m.database)
	return m
}
