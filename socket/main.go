// Command socket reads the database, once for all clients, and pushes every committed row to the browsers. It also answers
// what people ask of the past: histories, exports and runs.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/socket/internal/edge"
	"github.com/pulso-lab/pulso/socket/internal/feed"
	"github.com/pulso-lab/pulso/socket/internal/history"
	"github.com/pulso-lab/pulso/socket/internal/hub"
	"github.com/pulso-lab/pulso/socket/internal/rollup"
	"github.com/pulso-lab/pulso/socket/internal/runs"
)

// The connections to the database beyond those of PULSO_DB_POOL, which read the newest rows and answer /ready: what
// people ask of the past must not hold the live stream up. Two for histories, two for exports, two for clients that come
// back, one for the rollups, one for the runs.
const pastPool = 8

func main() { service.Main("socket", run) }

// memoryLimit is in bytes, of the 512 MiB of a pod. Near it, garbage is collected as often as it must: runs are large, and
// what ends here ends the stream of everybody.
const memoryLimit = 448 << 20

func run(ctx context.Context, log *slog.Logger, env *service.Env) error {
	debug.SetMemoryLimit(memoryLimit)
	address := env.Listen(4000)
	database := store.FromEnv(env, 2) // one to read, one for /ready
	token := service.NewToken(env.Token("PULSO_SOCKET_TOKEN"))
	origins := readOrigins(env)
	clients := env.Int("PULSO_SOCKET_CLIENTS", 10_000, 1, 1_000_000)
	keep := retention(env)
	env.Log(log)
	if err := env.Err(); err != nil {
		return err
	}
	db, err := database.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	past, err := database.OpenMore(ctx, pastPool)
	if err != nil {
		return err
	}
	defer func() { _ = past.Close() }()

	news := hub.New(edge.Encode, past, time.Now)
	reader := feed.New(db, news, log)
	keeper := rollup.New(past, keep, service.Instance(), log)
	asked := history.New(past, log, time.Now)
	kept := runs.New(past, log).Handler(ctx, token)
	stream, err := edge.New(edge.Options{
		Token: token, Origins: origins, Clients: clients, Stream: news, History: asked, Log: log,
	})
	if err != nil {
		return err
	}
	ready := service.NewReadiness(func(ctx context.Context) error { return errors.Join(db.Ping(ctx), news.Ready()) })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", service.Health)
	mux.Handle("GET /ready", ready)
	mux.Handle("GET /metrics", metrics{news, reader, stream})
	mux.Handle("/export.csv", service.Until(ctx, asked.Export(token)))
	mux.Handle("/runs", kept)
	mux.Handle("/runs/", kept)
	mux.Handle("/socket.io/", stream)
	mux.HandleFunc("/", service.NotFound)

	ln, err := service.Listen(ctx, address)
	if err != nil {
		return err
	}
	working, stopWorking := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { reader.Run(working) })
	work.Go(func() { keeper.Run(working) })
	// Clients that stay connected would hold the drain.
	stopClosing := context.AfterFunc(ctx, stream.Close)
	defer stopClosing()
	err = service.Serve(ctx, ln, mux, log, ready)
	stopWorking()
	work.Wait()
	return err
}

// retention is how long what is kept.
func retention(env *service.Env) store.Retention {
	const day = 24 * time.Hour
	return store.Retention{
		Rows:    env.Duration("PULSO_RETAIN_ROWS", 14*day, time.Hour, 3650*day),
		Minutes: env.Duration("PULSO_RETAIN_MINUTES", 90*day, time.Hour, 3650*day),
		Hours:   env.Duration("PULSO_RETAIN_HOURS", 730*day, time.Hour, 3650*day),
	}
}

// readOrigins is the pages of other origins that may connect.
func readOrigins(env *service.Env) []string {
	const name = "PULSO_SOCKET_ORIGINS"
	var origins []string
	for _, origin := range strings.FieldsFunc(env.String(name, ""), func(c rune) bool { return c == ',' || c == ' ' }) {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			env.Fault(name, fmt.Sprintf("names %q: an origin is a scheme and a host, such as https://pulso.example", origin))
		}
		origins = append(origins, origin)
	}
	return origins
}
