package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
)

// bareArgument makes this program the bare server.
const bareArgument = "bare"

// serveBare says on out where it listens, and answers every request with the bytes of in.
func serveBare(in io.Reader, out io.Writer) error {
	body, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with the process
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, ln.Addr()); err != nil {
		return err
	}
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { //nolint:gosec // bare
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}))
}
