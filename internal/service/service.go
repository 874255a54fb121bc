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
	"runtime/debug"
	"syscall"
	"time"
)

// Deadlines of every HTTP server here. They bound what a slow client can hold.
const (
	readHeaderTimeout = 5 * time.Second
	bodyTimeout       = 5 * time.Second   // within drainTimeout, so that a body on its way does not hold a drain
	idleTimeout       = 620 * time.Second // longer than the 600 s keep-alive of Google's load balancers
	drainTimeout      = 8500 * time.Millisecond
	exitTimeout       = 9800 * time.Millisecond // of the 10 s that Cloud Run gives after SIGTERM
	maxHeaderBytes    = 16 << 10
)

// version is what git calls the sources of this program, where `make` built it: the Makefile sets it by its name.
var version = "unknown"

// Version is what git calls the sources of this program, or unknown.
func Version() string { return version }

// Main runs a program until it ends or SIGINT or SIGTERM arrives, logs its version and its error, and exits with 1 if it
// had one.
func Main(name string, run func(ctx context.Context, log *slog.Logger, env *Env) error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	log := NewLogger(os.Stderr).With("service", name)
	log.Info("starting", "version", version)
	context.AfterFunc(ctx, func() {
		time.AfterFunc(exitTimeout, func() { // whatever hangs
			log.Error("stopped", "error", "not everything had ended "+exitTimeout.String()+" after the signal")
			os.Exit(1)
		})
	})
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

// Options of Serve that not every program needs.
type Options struct {
	// LameDuck is how long to go on serving once ready fails, because a load balancer notices late.
	LameDuck time.Duration
	// WriteTimeout bounds the time from the end of a request's header to the end of its answer; 0 where an answer may
	// take any time, as a long poll does.
	WriteTimeout time.Duration
	// AnswerTimeout bounds the writing of an answer, once it has begun; 0 where an answer is a stream.
	AnswerTimeout time.Duration
}

// Serve serves without options.
func Serve(ctx context.Context, ln net.Listener, handler http.Handler, log *slog.Logger, ready *Readiness) error {
	return Options{}.Serve(ctx, ln, handler, log, ready)
}

// Serve answers on ln until ctx ends, then makes ready fail, stops taking connections, and waits for the requests
// in flight. Requests that are still running after the drain timeout are cut off, and Serve says so.
func (o Options) Serve(ctx context.Context, ln net.Listener, handler http.Handler, log *slog.Logger, ready *Readiness) error {
	server := &http.Server{
		Handler:           Recover(log, limitAnswer(limitBody(handler, bodyTimeout), o.AnswerTimeout)),
		ReadHeaderTimeout: readHeaderTimeout,
		WriteTimeout:      o.WriteTimeout,
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
	select {
	case err := <-served:
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	case <-time.After(o.LameDuck):
	}
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
// that wait longer than that for their answer, as Socket.IO's long polls do.
func limitBody(next http.Handler, timeout time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			control := http.NewResponseController(w)
			_ = control.SetReadDeadline(time.Now().Add(timeout)) // always supported here
			r.Body = &timedBody{ReadCloser: r.Body, lift: func() { _ = control.SetReadDeadline(time.Time{}) }}
		}
		next.ServeHTTP(w, r)
	})
}

// limitAnswer bounds the time that a client may take to read an answer. One that sends requests and reads nothing would
// otherwise hold a drain.
func limitAnswer(next http.Handler, timeout time.Duration) http.Handler {
	if timeout == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&begun{ResponseWriter: w, first: func() {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(timeout)) // always supported here
		}}, r)
	})
}

// timedBody lifts the deadline at the end of the body.
type timedBody struct {
	io.ReadCloser
	lift func()
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.lift()
	}
	return n, err
}

// Recover answers 500 when a handler panics, and logs where. An answer that has begun is cut off instead, so that the
// client cannot take it for a whole one.
func Recover(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &begun{ResponseWriter: w}
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(cause)
			}
			log.Error("handler_panicked", "path", r.URL.Path, "error", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if answer.begun {
				panic(http.ErrAbortHandler)
			}
			WriteError(w, http.StatusInternalServerError, Error{Code: "interno", Message: "the service has a bug; its log says where"})
		}()
		next.ServeHTTP(answer, r)
	})
}

// begun knows whether an answer has begun.
type begun struct {
	http.ResponseWriter
	begun bool
	first func() // called when it begins; may be nil
}

func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func (b *begun) WriteHeader(status int) {
	b.begin()
	b.ResponseWriter.WriteHeader(status)
}

func (b *begun) Write(p []byte) (int, error) {
	b.begin()
	return b.ResponseWriter.Write(p)
}

func (b *begun) begin() {
	if !b.begun && b.first != nil {
		b.first()
	}
	b.begun = true
}
