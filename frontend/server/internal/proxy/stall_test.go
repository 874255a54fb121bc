package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/frontend/server/internal/patience"
)

// sockets is a backend that upgrades every connection and hands it over.
func sockets(t *testing.T) (address string, upgraded <-chan net.Conn) {
	t.Helper()
	handed := make(chan net.Conn, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		handed <- conn
	}))
	t.Cleanup(server.Close)
	return server.URL, handed
}

// TestAWebSocketThatTakesNothing ends for the socket service, too, whose own deadline the buffers between hide.
func TestAWebSocketThatTakesNothing(t *testing.T) {
	backend, upgraded := sockets(t)
	address, _ := patientFront(t, t.Context(), backend, 200*time.Millisecond)
	_ = upgrade(t, address)
	conn := <-upgraded
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := conn.Write(make([]byte, 1<<20)); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the connection is still there")
		} else if err != nil {
			return
		}
	}
}

// TestAWebSocketWhoseServiceGoes ends as a whole: a client that does not end its side must not keep it.
func TestAWebSocketWhoseServiceGoes(t *testing.T) {
	backend, upgraded := sockets(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handler, ended := New(t.Context(), target(t, backend), quiet), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		handler.ServeHTTP(w, r)
	})}
	defer func() { _ = server.Close() }()
	go func() { _ = server.Serve(patience.Listener(ln, time.Minute)) }()
	_ = upgrade(t, ln.Addr().String())
	_ = (<-upgraded).Close()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the connection is still there")
	}
}
