package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/pulso-lab/pulso/functions/internal/batch"
	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/store"
)

// store measures the writers alone.
func (b *runner) store(ctx context.Context) (err error) {
	direct, err := store.Open(b.db.dsn, directPool)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, direct.Close()) }()
	pool, err := store.Open(b.db.dsn, batchPool)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	batching := batch.New(pool)
	defer batching.Close()

	contenders := []contender{atTheStore("direct", direct), atTheStore("batch", batching), loadData(b.db.plain)}
	b.head("At the store, without HTTP; LOAD DATA is one connection whatever the number of writers")
	return b.atAll(ctx, contenders, []ratio{rates("batch", "direct"), rates("batch", "LOAD DATA")},
		"store_batch_over_direct_150", "store_batch_over_load_data")
}

// http measures the routes as they are run, beside the sketch.
func (b *runner) http(ctx context.Context) error {
	s, err := b.serving(ctx)
	if err != nil {
		return err
	}
	contenders := []contender{overHTTP("direct", s.direct, false), overHTTP("batch", s.batch, false), overHTTP("sketch", s.sketch, false)}
	b.head("Over HTTP, on keep-alive connections, one sample a request")
	return b.atAll(ctx, contenders, []ratio{rates("batch", "direct"), costs("direct", "batch"), rates("batch", "sketch")},
		"http_batch_over_direct_150", "http_cpu_direct_over_batch_150", "http_batch_over_sketch_150")
}

// framework measures the same handler under functions-framework-go and without it.
func (b *runner) framework(ctx context.Context) error {
	s, err := b.serving(ctx)
	if err != nil {
		return err
	}
	contenders := []contender{
		overHTTP("framework", s.batch, false), overHTTP("without", s.served, false), overHTTP("net/http", s.bare, false),
	}
	b.head("The batch route's handler under functions-framework-go, without it, and on bare net/http")
	_, err = b.compare(ctx, goal, contenders, rates("without", "framework"), rates("net/http", "framework"),
		costs("framework", "without"), costs("framework", "net/http"))
	return err
}

// keys measures what an Idempotency-Key on every request costs.
func (b *runner) keys(ctx context.Context) error {
	s, err := b.serving(ctx)
	if err != nil {
		return err
	}
	contenders := []contender{
		overHTTP("direct", s.direct, false), overHTTP("direct+key", s.direct, true),
		overHTTP("batch", s.batch, false), overHTTP("batch+key", s.batch, true),
	}
	b.head("With an Idempotency-Key on every request, each another, and without")
	_, err = b.compare(ctx, goal, contenders, rates("direct+key", "direct"), rates("batch+key", "batch"),
		rates("batch+key", "direct+key"))
	return err
}

// atAll compares at every number of writers, and prints the figures of goal, one for each ratio.
func (b *runner) atAll(ctx context.Context, contenders []contender, ratios []ratio, figures ...string) error {
	var atGoal []float64
	for _, n := range b.writers {
		medians, err := b.compare(ctx, n, contenders, ratios...)
		if err != nil {
			return err
		}
		if n == goal {
			atGoal = medians
		}
	}
	b.say("\n")
	for i, figure := range figures {
		b.say("figure ingest.%s %.3f\n", figure, atGoal[i])
	}
	return nil
}

// servers are the contenders over HTTP.
type servers struct{ direct, batch, sketch, served, bare *bench.Process }

// serving starts the servers when they are first needed; stop ends them.
func (b *runner) serving(ctx context.Context) (s servers, err error) {
	if b.servers != nil {
		return *b.servers, nil
	}
	note := func(s *bench.Process, failed error) *bench.Process {
		if s != nil {
			b.started = append(b.started, s)
		}
		err = errors.Join(err, failed)
		return s
	}
	s = servers{
		direct: note(startFunction(ctx, b.binary, "api1", b.db.dsn)),
		batch:  note(startFunction(ctx, b.binary, "api2", b.db.dsn)),
		sketch: note(startSelf(ctx, b.db.dsn, sketchArgument)),
		served: note(startSelf(ctx, b.db.dsn, servedArgument)),
		bare:   note(startSelf(ctx, b.db.dsn, bareArgument)),
	}
	b.servers = &s
	return s, err
}

// leaveProfile profiles the batch route's handler under the load of goal for five turns.
func (b *runner) leaveProfile(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	path := filepath.Join(dir, "batch.pprof")
	s, err := startSelf(ctx, b.db.dsn, bareArgument, path)
	if err != nil {
		return err
	}
	m, err := measure(ctx, b.db, overHTTP("batch", s, false), goal, 5*b.turn)
	if err := errors.Join(err, s.Stop()); err != nil { // it writes the profile at its end
		return err
	}
	b.head("The batch route's handler on bare net/http")
	b.line(goal, "net/http", func(value func(measured) float64) float64 { return value(m) })
	b.say("\ngo tool pprof -top %s\n", path)
	return nil
}
