// Command functions serves one of the two ingest functions, the one that FUNCTION_TARGET names, under
// functions-framework-go: the same binary on Cloud Run, in a pod and on a laptop.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	framework "github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/pulso-lab/pulso/functions"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
)

const drainTimeout = 9 * time.Second // within the 10 s that Cloud Run gives after SIGTERM

// ports are the local defaults of the two functions.
var ports = map[string]int{"api1": 5000, "api2": 3000}

func main() { service.Main("functions", run) }

func run(ctx context.Context, log *slog.Logger, env *service.Env) error {
	target := env.OneOf("FUNCTION_TARGET", "", "api1", "api2")
	address := env.Listen(ports[target])
	database := store.FromEnv(env, 64) // one connection for each of the 64 requests that write at once
	token := env.Token("PULSO_INGEST_TOKEN")
	env.Log(log)
	if err := env.Err(); err != nil {
		return err
	}
	db, err := database.Open(ctx)
	if err != nil {
		return err
	}
	log = log.With("api", target)
	handler := functions.New(target, token, db, log, time.Now)
	framework.HTTP(target, handler.ServeHTTP)

	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]" // the framework joins the two with a colon
	}
	served := make(chan error, 1)
	go func() { served <- funcframework.StartHostPort(host, port) }()
	log.Info("starting", "address", address)
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("serve on %s: %w", address, err), db.Close())
	case <-ctx.Done():
	}
	log.Info("draining")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	// The framework's server cannot be stopped; it ends with the process, when nothing is in flight any more.
	err = handler.Drain(drain)
	_ = db.Close() // nothing is stored any more; a database that has gone is no failure
	return err
}
