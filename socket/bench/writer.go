package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	// writers store rows at the same time, so that their commits overtake each other as those of the routes do.
	writers = 4
	// hosts are whose rows they are.
	hosts = 4
)

// stored is one row, when its INSERT was sent, and when the answer was there: it was committed between the two.
type stored struct {
	id             int64
	sent, answered stamp
}

// write stores n rows at a steady rate per second, each in an INSERT of its own, whether the ones before are done or not
// as long as a writer is free.
func write(ctx context.Context, db *store.Store, clock clock, n, rate int) ([]stored, error) {
	rows := make([]stored, n)
	began := time.Now()
	var next atomic.Int64
	err := bench.Together(writers, func(int) error {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			due := began.Add(spaced(i, rate))
			if err := pause(ctx, time.Until(due)); err != nil {
				return err
			}
			rows[i].sent = clock.now()
			ids, err := insert(ctx, db, vitals(i, due))
			if err != nil {
				return err
			}
			rows[i].answered, rows[i].id = clock.now(), ids[0]
		}
		return nil
	})
	return rows, err
}

// fill stores n rows as if they had come at a steady rate per second until now, and returns the last id.
func fill(ctx context.Context, db *store.Store, n, rate int) (last int64, err error) {
	const most = 1000 // samples of a request
	began := time.Now().Add(-spaced(n, rate))
	for i := 0; i < n; {
		var some []sample.Sample
		for ; i < n && len(some) < most; i++ {
			some = append(some, vitals(i, began.Add(spaced(i, rate))))
		}
		ids, err := insert(ctx, db, some...)
		if err != nil {
			return 0, err
		}
		last = ids[len(ids)-1]
	}
	return last, nil
}

// spaced is when number i is due.
func spaced(i, rate int) time.Duration { return time.Duration(i) * time.Second / time.Duration(rate) }

// vitals is sample number i of all hosts' together.
func vitals(i int, at time.Time) sample.Sample {
	return bench.Sample(fmt.Sprintf("vm-%03d", i%hosts), at.UnixMicro())
}

func insert(ctx context.Context, db *store.Store, samples ...sample.Sample) ([]int64, error) {
	answer, err := db.Insert(ctx, store.Request{API: "api1", Samples: samples, Recibido: sample.NewRecibido(time.Now())})
	if err != nil {
		return nil, fmt.Errorf("store a row: %w", err)
	}
	return answer.IDs, nil
}
