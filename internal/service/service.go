// Package service is what every program of Pulso does the same way: read its configuration from the environment,
// log, listen, tell whether it is alive and ready, serve, and drain.
//
// A program's main is one line, service.Main("agent", run); everything in run is reachable from a test.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Deadlines of every HTTP server here. They bound what a slow client can hold.
const (
	readHeaderTimeout = 5 * time.Second
	bodyTimeout       = 15 * time.Second
	idleTimeout       = 620 * time.Second // longer than the 600 s keep-alive of Google's load balancers
	drainTimeout      = 8 * time.Second   // within the 10 s that Cloud Run gives after SIGTERM
	maxHeaderBytes    = 16 << 10
)

// Main runs a program until it ends or SIGINT or SIGTERM arrives, logs its error, and exits with 1 if it had one.
func Main(name string, run func(ctx context.Context, log *slog.Logger, env *Env) error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	log := NewLogger(os.Stderr).With("service", name)
	err := run(ctx, log, NewEnv(os.LookupEnv))
	stop()
	if err != nil {
		log.Error("stopped", "error", err)
		os.Exit(1)
	}
	log.Info("stopped")
}

// NewLogger logs JSON lines with the field names that Cloud Logging knows.
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return a
			}
			switch a.Key {
			case slog.LevelKey:
				a.Key = "severity"
				if a.Value.Any() == slog.LevelWarn {
					a.Value = slog.StringValue("WARNING")
				}
			case slog.MessageKey:
				a.Key = "message"
			}
			return a
		},
	}))
}

// Listen opens the address that Env.Listen read.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return ln, nil
}

// Serve answers on ln until ctx ends, then makes ready fail, stops taking connections, and waits for the requests
// in flight. Requests that are still running after the drain timeout are cut off, and Serve says so.
func Serve(ctx context.Context, ln net.Listener, handler http.Handler, log *slog.Logger, ready *Readiness) error {
	server := &http.Server{
		Handler:           limitBody(handler),
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	log.Info("listening", "address", ln.Addr().String())

	select {
	case err := <-served:
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	ready.Drain()
	log.Info("draining")
	// The parent context is over; the drain has a deadline of its own.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(drain)
	if err != nil {
		err = fmt.Errorf("drain: %w", errors.Join(err, server.Close()))
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// limitBody bounds the time that a request's body may take. The server's own ReadTimeout would also end requests
// without a body that wait longer than that for their answer, as Socket.IO's long polls do.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // always supported here
		}
		next.ServeHTTP(w, r)
	})
}
