package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// export begins to read a CSV.
func export(t *testing.T, address string) io.Reader {
	t.Helper()
	answer, err := http.Get("http://" + address + "/export.csv?host=vm-a")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("export: %s", answer.Status)
	}
	return answer.Body
}

// rows is a backend that exports a row each time that it is asked to, and ends the export when next is closed.
func rows(t *testing.T) (backend *httptest.Server, next chan struct{}) {
	t.Helper()
	next = make(chan struct{})
	backend = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			_, _ = io.WriteString(w, "row\n")
			_ = http.NewResponseController(w).Flush()
			select {
			case _, more := <-next:
				if !more {
					return
				}
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(backend.Close)
	return backend, next
}

func TestAnExportComesAsItIsMade(t *testing.T) {
	backend, next := rows(t)
	address, _ := front(t, t.Context(), backend.URL)
	lines := bufio.NewScanner(export(t, address))
	for range 3 {
		if !lines.Scan() || lines.Text() != "row" {
			t.Fatalf("%q, %v", lines.Text(), lines.Err())
		}
		next <- struct{}{}
	}
	close(next)
	if !lines.Scan() || lines.Scan() || lines.Err() != nil {
		t.Errorf("after the last row: %q, %v", lines.Text(), lines.Err())
	}
}

func TestAnExportThatBreaksOffIsNotWhole(t *testing.T) {
	for name, stop := range map[string]func(backend *httptest.Server, drain func()){
		"the socket service is cut off": func(backend *httptest.Server, _ func()) { backend.CloseClientConnections() },
		"this server drains":            func(_ *httptest.Server, drain func()) { drain() },
	} {
		t.Run(name, func(t *testing.T) {
			backend, _ := rows(t)
			ctx, drain := context.WithCancel(t.Context())
			defer drain()
			address, _ := front(t, ctx, backend.URL)
			body := export(t, address)
			if _, err := io.ReadFull(body, make([]byte, len("row\n"))); err != nil {
				t.Fatal(err)
			}
			stop(backend, drain)
			if rest, err := io.ReadAll(body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("then came %q, %v", rest, err)
			}
		})
	}
}

// TestAClientThatTakesNothing must not hold the drain until it is given up.
func TestAClientThatTakesNothing(t *testing.T) {
	const soon = time.Second // without a byte: all buffers on the way are full
	written := make(chan struct{}, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for many := make([]byte, 1<<20); ; {
			if _, err := w.Write(many); err != nil {
				return
			}
			select {
			case written <- struct{}{}:
			default:
			}
		}
	}))
	defer backend.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address, served := front(t, ctx, backend.URL)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET /export.csv HTTP/1.1\r\nHost: %s\r\n\r\n", address); err != nil {
		t.Fatal(err)
	}
	for full := false; !full; {
		select {
		case <-written:
		case <-time.After(soon):
			full = true
		}
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
