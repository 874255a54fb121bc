package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
)

// bareArgument makes this program the bare server.
const bareArgument = "bare"

// serveBare logs where it listens, and answers every request with the bytes of in.
func serveBare(in io.Reader, log *slog.Logger) error {
	body, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with the process
	if err != nil {
		return err
	}
	log.Info("listening", "address", ln.Addr().String())
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { //nolint:gosec // bare
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}))
}
