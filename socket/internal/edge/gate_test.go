package edge

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// A client that does not read is disconnected once the kernel's buffers are full.
func TestAClientThatDoesNotReadIsDisconnected(t *testing.T) {
	failed := make(chan error, 1)
	server := httptest.NewServer(guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			failed <- err
			return
		}
		go func() {
			for {
				if _, err := conn.Write(make([]byte, 1<<20)); err != nil {
					failed <- err
					return
				}
			}
		}()
	}), 50*time.Millisecond))
	defer server.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	select {
	case err := <-failed:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v", err)
		}
	case <-ctx.Done():
		t.Error("still writing to a client that does not read")
	}
}
