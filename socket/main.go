// Command socket reads the database, once for all clients, and pushes every committed row to the browsers.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/socket/internal/edge"
	"github.com/pulso-lab/pulso/socket/internal/hub"
	"github.com/pulso-lab/pulso/socket/internal/tail"
)

const (
	tick         = 250 * time.Millisecond
	backOff      = 2 * time.Second // between looks at a database that is away
	readTimeout  = 10 * time.Second
	readyTimeout = 2 * time.Second
	maxHosts     = 100 // whose live windows a snapshot holds when the service starts
)

func main() { service.Main("socket", run) }

func run(ctx context.Context, log *slog.Logger, env *service.Env) error {
	address := env.Listen(4000)
	database := store.FromEnv(env, 2) // one to read, one for /ready
	env.Log(log)
	if err := env.Err(); err != nil {
		return err
	}
	db, err := database.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()

	server := edge.New()
	reader := &reader{db: db, hub: hub.New(server, time.Now()), log: log}
	stream, err := server.Handler(reader.hub, log, time.Now)
	if err != nil {
		return err
	}
	ready := service.NewReadiness(func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		return db.Ping(ctx)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", service.Health)
	mux.Handle("GET /ready", ready)
	mux.Handle("/socket.io/", stream)

	ln, err := service.Listen(ctx, address)
	if err != nil {
		return err
	}
	var reading sync.WaitGroup
	reading.Go(func() { reader.run(ctx) })
	// Clients that stay connected would hold the drain.
	stop := context.AfterFunc(ctx, server.Close)
	defer stop()
	err = service.Serve(ctx, ln, mux, log, ready)
	reading.Wait()
	return err
}

// reader carries rows from the database to the hub.
type reader struct {
	db     *store.Store
	hub    *hub.Hub
	cursor *tail.Cursor // nil until the database has answered for the first time
	log    *slog.Logger
}

// run looks at the database every tick until ctx ends.
func (r *reader) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	away := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		wait := tick
		more, err := r.look(ctx)
		switch {
		case errors.Is(err, context.Canceled):
			return
		case err != nil:
			r.hub.Away(time.Now())
			wait = backOff
		case more:
			wait = 0
		}
		if (err != nil) != away { // a line for each change, not for each look
			away = err != nil
			r.log.Warn("database", "away", away, "error", err)
		}
		timer.Reset(wait)
	}
}

// look asks the database once.
func (r *reader) look(ctx context.Context) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if r.cursor == nil {
		return true, r.begin(ctx)
	}
	forgotten := r.cursor.Forgotten()
	rows, more, err := r.cursor.Next(ctx)
	if err != nil {
		return false, err
	}
	if now := r.cursor.Forgotten(); now > forgotten {
		r.log.Error("too many holes: rows may be lost", "given_up", now-forgotten)
	}
	r.hub.Tick(time.Now(), rows, r.cursor.Position())
	return more, nil
}

// begin reads the live windows, and puts the cursor where every lower id is settled: the gaps of the recent past
// are open again.
func (r *reader) begin(ctx context.Context) error {
	first, err := r.db.Recent(ctx, 2*store.TransactionLimit)
	if err != nil {
		return err
	}
	rows, err := r.db.Windows(ctx, event.WindowSeconds*time.Second, maxHosts, event.SnapshotRows)
	if err != nil {
		return err
	}
	r.cursor = tail.New(r.db, max(first-1, 0))
	r.hub.Load(time.Now(), rows, r.cursor.Position())
	return nil
}
