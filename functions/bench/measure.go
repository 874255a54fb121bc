package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
)

// contender is one way to store samples.
type contender struct {
	name string
	pid  int // the process whose CPU time is its own
	// connect makes n writers, or as many as make sense, and what undoes it.
	connect func(ctx context.Context, n int) (writers []writer, disconnect func(), err error)
}

// writer stores some rows, one unless it says otherwise, and returns when they are acknowledged.
type writer func(ctx context.Context) (rows int, err error)

// measured is what a contender did in one turn.
type measured struct {
	perSecond    float64       // rows
	p50, p99     time.Duration // of a call of a writer
	own          time.Duration // CPU time per row of the contender's process
	database     time.Duration // CPU time per row of the database
	perStatement float64       // rows
	elsewhere    float64       // CPU time that others used meanwhile, of the machine's, in percent
}

// cpu is what both processes spent on a row.
func (m measured) cpu() time.Duration { return m.own + m.database }

// measure gives a contender its turn: n writers that store one row after the other for d, after a tenth of d to get
// going. It fails unless the table then holds as many rows as were acknowledged.
func measure(ctx context.Context, db *database, c contender, n int, d time.Duration) (measured, error) {
	if err := db.empty(ctx); err != nil {
		return measured{}, err
	}
	writers, disconnect, err := c.connect(ctx, n)
	if err != nil {
		return measured{}, err
	}
	defer disconnect()
	warm, err := saturate(ctx, writers, d/10)
	if err != nil {
		return measured{}, err
	}
	before, err := look(ctx, db, c)
	if err != nil {
		return measured{}, err
	}
	did, err := saturate(ctx, writers, d)
	if err != nil {
		return measured{}, err
	}
	after, err := look(ctx, db, c)
	if err != nil {
		return measured{}, err
	}
	stored, err := db.rows(ctx)
	if err != nil {
		return measured{}, err
	}
	if acknowledged := warm.rows + did.rows; stored != acknowledged {
		return measured{}, fmt.Errorf("%d rows were acknowledged and %d are stored: this benchmark is void", acknowledged, stored)
	}
	rows := time.Duration(did.rows)
	return measured{
		perSecond: float64(did.rows) / did.took.Seconds(),
		p50:       bench.Percentile(did.latencies, 50), p99: bench.Percentile(did.latencies, 99),
		own: (after.own - before.own) / rows, database: (after.database - before.database) / rows,
		perStatement: float64(did.rows) / float64(after.statements-before.statements),
		elsewhere:    100 * max(0, after.elsewhere()-before.elsewhere()).Seconds() / (after.machine - before.machine).Seconds(),
	}, nil
}

// load is what writers did together.
type load struct {
	rows      int
	took      time.Duration
	latencies []time.Duration
}

// saturate lets every writer store one row after the other for a while.
func saturate(ctx context.Context, writers []writer, d time.Duration) (load, error) {
	rows := make([]int, len(writers))
	latencies := make([][]time.Duration, len(writers))
	began := time.Now()
	err := bench.Together(len(writers), func(i int) error {
		for now := began; now.Sub(began) < d; {
			n, err := writers[i](ctx)
			if err != nil {
				return err
			}
			answered := time.Now()
			rows[i] += n
			latencies[i] = append(latencies[i], answered.Sub(now))
			now = answered
		}
		return ctx.Err()
	})
	l := load{took: time.Since(began), latencies: slices.Concat(latencies...)}
	for _, n := range rows {
		l.rows += n
	}
	return l, err
}

// counters grow while a contender works.
type counters struct {
	own, database time.Duration // CPU time of the two processes
	client        time.Duration // and of this one, where it is not the contender's own
	busy, machine time.Duration // CPU time used on the whole machine, and all that there was
	statements    int
}

// elsewhere is CPU time that none of the processes of the benchmark used.
func (c counters) elsewhere() time.Duration { return c.busy - c.own - c.database - c.client }

func look(ctx context.Context, db *database, c contender) (counters, error) {
	statements, err := db.statements(ctx)
	if err != nil {
		return counters{}, err
	}
	now := counters{statements: statements}
	if now.own, err = bench.CPU(c.pid); err != nil {
		return counters{}, err
	}
	if now.database, err = bench.CPU(db.PID()); err != nil {
		return counters{}, err
	}
	if c.pid != self {
		if now.client, err = bench.CPU(self); err != nil {
			return counters{}, err
		}
	}
	now.busy, now.machine, err = bench.MachineCPU()
	return now, err
}
