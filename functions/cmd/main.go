// Command functions serves one of the two ingest functions, the one that FUNCTION_TARGET names, under
// functions-framework-go: the same binary on Cloud Run, in a pod and on a laptop.
package main

import (
	"cmp"
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	framework "github.com/GoogleCloudPlatform/functions-framework-go/functions"
	"golang.org/x/net/netutil"

	"github.com/pulso-lab/pulso/functions"
	"github.com/pulso-lab/pulso/functions/internal/batch"
	"github.com/pulso-lab/pulso/functions/internal/stats"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
)

const (
	lameDuck       = 2 * time.Second  // how long a load balancer may take to see that /ready fails
	writeTimeout   = 20 * time.Second // longer than a request can take, so that it ends only a client that does not read
	answerTimeout  = 3 * time.Second  // for the client to read its answer, which fits into one packet
	maxConnections = 4096
)

// What is alive in the heap is little, and what requests leave behind is much: collected at twice the live heap, as is
// the default, it takes a tenth of the CPU time. Near memoryLimit it is collected as often as it must.
const (
	collectPercent = 400
	memoryLimit    = 384 << 20 // bytes, of the 512 MiB of a small instance
)

// ports are the local defaults of the two functions, writers how they write unless they are told.
var (
	ports   = map[string]int{"api1": 5000, "api2": 3000}
	writers = map[string]string{"api1": "direct", "api2": "batch"}
)

// Most connections to the database: one for each of the 64 requests that a direct writer sends at once; for a batching
// one, one to write and some for what it writes apart, /ready and the statistics.
var pools = map[string]int{"direct": 64, "batch": 4}

// batchLockWait is shorter than the store's own: what a batch waits for, all of its requests wait for.
const batchLockWait = time.Second

func main() { service.Main("functions", run) }

func run(ctx context.Context, log *slog.Logger, env *service.Env) error {
	debug.SetGCPercent(collectPercent)
	debug.SetMemoryLimit(memoryLimit)
	target := env.OneOf("FUNCTION_TARGET", "", "api1", "api2")
	address := env.Listen(ports[target])
	writer := env.OneOf("PULSO_WRITER", cmp.Or(writers[target], "direct"), "direct", "batch") // one wrong variable is not three
	database := store.FromEnv(env, cmp.Or(pools[writer], pools["direct"]))
	token := service.NewToken(env.Token("PULSO_INGEST_TOKEN"))
	env.Log(log)
	if err := env.Err(); err != nil {
		return err
	}
	if writer == "batch" {
		database.LockWait = batchLockWait
	}
	db, err := database.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing is stored any more; a database that has gone is no failure
	log = log.With("api", target)
	route := functions.Route{API: target, Token: token, Writer: db, Runs: db, Ready: service.NewReadiness(db.Ping), Log: log, Now: time.Now}
	var gauges []stats.Gauge
	if writer == "batch" {
		queue := batch.New(db)
		defer queue.Close()
		route.Writer = queue
		gauges = append(gauges, stats.Gauge{Name: "queue", Help: "Requests that wait to be written.", Read: queue.Waiting})
	}
	route.Stats = stats.New(target, writer, service.Instance(), time.Now, gauges...)
	return serve(ctx, address, route, db)
}

// serve serves a route until ctx ends and everything that it took is answered.
func serve(ctx context.Context, address string, route functions.Route, db *store.Store) error {
	framework.HTTP(route.API, functions.New(route).ServeHTTP)
	handler, err := frameworkHandler()
	if err != nil {
		return err
	}
	ln, err := service.Listen(ctx, address)
	if err != nil {
		return err
	}
	// The statistics end after the last request.
	counting, stop := context.WithCancel(context.WithoutCancel(ctx))
	var counted sync.WaitGroup
	counted.Go(func() { route.Stats.Run(counting, db, route.Log) })
	err = service.Options{LameDuck: lameDuck, WriteTimeout: writeTimeout, AnswerTimeout: answerTimeout}.
		Serve(ctx, netutil.LimitListener(ln, maxConnections), handler, route.Log, route.Ready)
	stop()
	counted.Wait()
	return err
}
