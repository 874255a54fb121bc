// Command server serves the dashboard and joins the stream to its origin: it answers the built files, and passes
// /socket.io/, /export.csv and /runs on to the socket service, so that the page needs no other address and no cross-origin
// permission.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/net/netutil"

	"github.com/pulso-lab/pulso/frontend/server/internal/patience"
	"github.com/pulso-lab/pulso/frontend/server/internal/proxy"
	"github.com/pulso-lab/pulso/frontend/server/internal/secure"
	"github.com/pulso-lab/pulso/frontend/server/internal/site"
	"github.com/pulso-lab/pulso/internal/service"
)

const (
	// maxConnections is those of all clients that one socket service takes, and some for what else a page loads.
	maxConnections = 12_000
	writeLimit     = 30 * time.Second // for a client to take the next 64 KiB
	importLimit    = 60 * time.Second // for a run to arrive that somebody imports, which may be large
)

func main() { service.Main("frontend", run) }

func run(ctx context.Context, log *slog.Logger, env *service.Env) error {
	var (
		address = env.Listen(8000)
		folder  = env.String("PULSO_FRONTEND_DIR", "frontend/dist")
		socket  = env.String("PULSO_SOCKET_URL", "http://127.0.0.1:4000")
		local   = env.OneOf("PULSO_LOCAL", "off", "off", "on") == "on"
	)
	target, err := proxy.ParseTarget(socket)
	if err != nil {
		env.Fault("PULSO_SOCKET_URL", err.Error())
	}
	files, err := site.Load(folder)
	if err != nil {
		env.Fault("PULSO_FRONTEND_DIR", err.Error())
	}
	if err := env.Err(); err != nil {
		return err
	}
	env.Log(log)

	ln, err := service.Listen(ctx, address)
	if err != nil {
		return err
	}
	// Always ready once it listens: index.html was read before. Not the socket service's state: without it the page
	// still loads, and says itself what is missing, which a load balancer's error page would not.
	ready := service.NewReadiness(nil)
	ln = netutil.LimitListener(patience.Listener(ln, writeLimit), maxConnections)
	return service.Serve(ctx, ln, newHandler(ctx, files, local, proxy.New(ctx, target, log), ready), log, ready)
}

// newHandler puts the parts together. ctx is the service's.
func newHandler(ctx context.Context, files *site.Site, local bool, socket http.Handler, ready *service.Readiness) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", service.Health)
	mux.Handle("GET /ready", ready)
	mux.Handle("GET /config.json", config{Build: files.Build(), Local: local, Version: service.Version()})
	mux.Handle("/socket.io/", socket)
	mux.Handle("/export.csv", socket)
	mux.Handle("/runs", socket)
	mux.Handle("POST /runs", service.LongBody(ctx, importLimit, socket))
	mux.Handle("/runs/", socket)
	mux.Handle("/", files)
	return secure.Handler(mux)
}
