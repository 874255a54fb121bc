// Command socket reads the database, once for all clients, and pushes every committed row to the browsers.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/socket/internal/edge"
	"github.com/pulso-lab/pulso/socket/internal/feed"
	"github.com/pulso-lab/pulso/socket/internal/hub"
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
	clients := hub.New(server, time.Now())
	stream, err := server.Handler(clients, log, time.Now)
	if err != nil {
		return err
	}
	ready := service.NewReadiness(db.Ping)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", service.Health)
	mux.Handle("GET /ready", ready)
	mux.Handle("/socket.io/", stream)
	mux.HandleFunc("/", service.NotFound)

	ln, err := service.Listen(ctx, address)
	if err != nil {
		return err
	}
	reading, stopReading := context.WithCancel(ctx)
	var feeding sync.WaitGroup
	feeding.Go(func() { feed.New(db, clients, log).Run(reading) })
	// Clients that stay connected would hold the drain.
	stopClosing := context.AfterFunc(ctx, server.Close)
	defer stopClosing()
	err = service.Serve(ctx, ln, mux, log, ready)
	stopReading()
	feeding.Wait()
	return err
}
