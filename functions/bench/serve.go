package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/functions"
	"github.com/pulso-lab/pulso/functions/internal/batch"
	"github.com/pulso-lab/pulso/functions/internal/stats"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
)

// Arguments that make this program a server.
const (
	sketchArgument = "sketch" // the batch idea alone
	servedArgument = "served" // the batch route, served as the functions are but without functions-framework-go
	bareArgument   = "bare"   // the batch route on bare net/http; a file for a CPU profile may follow
)

// Connections to the database that the functions have unless they are told.
const (
	directPool = 64
	batchPool  = 4
)

const loopback = "127.0.0.1:0" // on a free port

// serveSketch serves the sketch until ctx ends.
func serveSketch(ctx context.Context, log *slog.Logger, dsn string) error {
	db, err := sql.Open("mysql", dsn+"?interpolateParams=true")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	s := newSketch()
	flushed := make(chan error, 1)
	go func() {
		defer cancel() // without it, nobody is answered any more
		flushed <- s.flush(ctx, conn)
	}()
	err = serve(ctx, log, s)
	cancel()
	return errors.Join(err, <-flushed)
}

// serveBare serves the batch route, with all that it has but functions-framework-go and the deadlines of a connection,
// until ctx ends.
func serveBare(ctx context.Context, log *slog.Logger, dsn, profile string) error {
	if profile != "" {
		file, err := os.Create(profile) //nolint:gosec // whoever runs the benchmark names the folder
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	return withRoute(ctx, log, dsn, func(r functions.Route) error { return serve(ctx, log, functions.New(r)) })
}

// serveWithoutFramework serves the batch route, with all that it has but functions-framework-go, until ctx ends.
func serveWithoutFramework(ctx context.Context, log *slog.Logger, dsn string) error {
	return withRoute(ctx, log, dsn, func(r functions.Route) error {
		ln, err := service.Listen(ctx, loopback)
		if err != nil {
			return err
		}
		return service.Options{WriteTimeout: patience}.Serve(ctx, ln, functions.New(r), log, r.Ready)
	})
}

// withRoute lets do have the batch route as it is run, but for where it is served.
func withRoute(ctx context.Context, log *slog.Logger, dsn string, do func(functions.Route) error) error {
	db, err := store.Open(dsn, batchPool)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	writer := batch.New(db)
	defer writer.Close()
	route := functions.Route{
		API: "api2", Writer: writer, Runs: db, Stats: stats.New("api2", "batch", service.Instance(), time.Now),
		Ready: service.NewReadiness(db.Ping), Log: log, Now: time.Now,
	}
	var counted sync.WaitGroup
	defer counted.Wait()
	counted.Go(func() { route.Stats.Run(ctx, db, log) })
	return do(route)
}

// serve answers on a free port, which it logs, until ctx ends.
func serve(ctx context.Context, log *slog.Logger, handler http.Handler) error {
	ln, err := service.Listen(ctx, loopback)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler} //nolint:gosec // bare: no deadlines
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	log.Info("listening", "address", ln.Addr().String())
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
