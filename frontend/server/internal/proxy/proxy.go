// Package proxy passes the stream through, from the page's origin to the socket service: long polling and WebSockets of
// Socket.IO, and exports of any length. An answer that the service does not finish is cut off, never ended.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/pulso-lab/pulso/frontend/server/internal/secure"
	"github.com/pulso-lab/pulso/internal/service"
)

const (
	dialTimeout = 10 * time.Second
	// A poll is held for up to the ping interval of 25 s; the socket service that says nothing for longer is stuck.
	answerTimeout = 60 * time.Second
	retryAfter    = "2" // seconds
)

// ParseTarget reads the socket service's address.
func ParseTarget(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("is not a URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, fmt.Errorf("is %q: it must be an http or https URL such as http://127.0.0.1:4000", u.Redacted())
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "", u.User != nil:
		return nil, fmt.Errorf("is %q: it must be a scheme, a host and a port only", u.Redacted())
	}
	return u, nil
}

// New passes requests to target until ctx ends, and then ends those that are open: a WebSocket has no end of its own,
// and a held poll or an export outlasts the drain.
func New(ctx context.Context, target *url.URL, log *slog.Logger) http.Handler {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			// The service compares the browser's Origin with the host that the browser asked for.
			r.Out.Host = r.In.Host
			forward(r)
		},
		Transport: &http.Transport{
			DialContext:           dialer.DialContext, // never through a proxy of the environment: it is a neighbour
			ResponseHeaderTimeout: answerTimeout,
			MaxIdleConnsPerHost:   64,
			IdleConnTimeout:       90 * time.Second,
		},
		ModifyResponse: func(r *http.Response) error {
			for name := range secure.Headers {
				r.Header.Del(name) // ours stand already
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if !errors.Is(err, context.Canceled) { // the browser went away, or we do
				log.Warn("socket_service_away", "path", r.URL.Path, "error", err)
			}
			w.Header().Set("Retry-After", retryAfter)
			service.WriteError(w, http.StatusServiceUnavailable, service.Error{
				Code: "no_disponible", Message: "the socket service does not answer; try again",
			})
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return service.Until(ctx, p)
}

// forward says who asked for what. What a load balancer in front of us has said stands before what we see: behind it
// our own connection is plain http from an address of its own.
func forward(r *httputil.ProxyRequest) {
	r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
	r.SetXForwarded()
	if proto := r.In.Header.Get("X-Forwarded-Proto"); proto == "http" || proto == "https" {
		r.Out.Header.Set("X-Forwarded-Proto", proto)
	}
}
