package proxy

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/frontend/server/internal/patience"
	"github.com/pulso-lab/pulso/internal/service"
)

var quiet = slog.New(slog.DiscardHandler)

func TestParseTarget(t *testing.T) {
	for _, good := range []string{"http://127.0.0.1:4000", "https://socket.example", "http://[::1]:4000/"} {
		if _, err := ParseTarget(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "127.0.0.1:4000", "//127.0.0.1", "ws://127.0.0.1:4000", "http://", "http://:4000", "/socket.io", "http://h/path",
		"http://h?q", "http://user:word@h", "http://h:port", "http://h\n",
	} {
		if u, err := ParseTarget(bad); err == nil {
			t.Errorf("%q was taken as %v", bad, u)
		} else if strings.Contains(err.Error(), "word") {
			t.Errorf("the password is in %v", err)
		}
	}
}

func target(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := ParseTarget(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// front serves a proxy to backend until the test ends, as the program does, and returns its address.
func front(t *testing.T, ctx context.Context, backend string) (address string, served <-chan error) {
	t.Helper()
	return patientFront(t, ctx, backend, time.Minute)
}

// patientFront is front with a time for clients that take nothing.
func patientFront(t *testing.T, ctx context.Context, backend string, limit time.Duration) (address string, served <-chan error) {
	t.Helper()
	ln, err := service.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	handler := New(ctx, target(t, backend), quiet)
	go func() {
		done <- service.Serve(ctx, patience.Listener(ln, limit), handler, quiet, service.NewReadiness(nil))
	}()
	return ln.Addr().String(), done
}

func TestForwarding(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Frame-Options", "ALLOWALL")
		w.Header().Set("X-Of-Its-Own", "yes")
		h := r.Header
		_, _ = fmt.Fprintln(w, r.URL.RequestURI(), r.Host, h.Get("X-Forwarded-For"), h.Get("X-Forwarded-Host"), h.Get("X-Forwarded-Proto"))
	}))
	defer backend.Close()
	address, _ := front(t, t.Context(), backend.URL)

	for _, c := range []struct {
		header map[string]string
		want   string
	}{
		{nil, "/socket.io/?EIO=4 page.example 127.0.0.1 page.example http"},
		{
			map[string]string{"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"},
			"/socket.io/?EIO=4 page.example 192.0.2.7, 127.0.0.1 page.example https",
		},
		{map[string]string{"X-Forwarded-Proto": "gopher"}, "/socket.io/?EIO=4 page.example 127.0.0.1 page.example http"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/socket.io/?EIO=4", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "page.example"
		for name, value := range c.header {
			r.Header.Set(name, value)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if strings.TrimSpace(string(got)) != c.want {
			t.Errorf("%v: the backend saw %q, want %q", c.header, strings.TrimSpace(string(got)), c.want)
		}
		if answer.Header.Get("X-Frame-Options") != "" || answer.Header.Get("X-Of-Its-Own") != "yes" {
			t.Errorf("%v: headers %v", c.header, answer.Header)
		}
	}
}

func TestAway(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + ln.Addr().String()
	_ = ln.Close()

	w := httptest.NewRecorder()
	New(t.Context(), target(t, nobody), quiet).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/socket.io/", nil))
	var e service.Error
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || e.Code != "no_disponible" {
		t.Errorf("%d, Retry-After %q, %+v", w.Code, w.Header().Get("Retry-After"), e)
	}
}

// echo is a backend that upgrades every connection and sends back each line, and nothing by itself.
func echo(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			http.Error(w, "no upgrade", http.StatusBadRequest)
			return
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(conn, rw)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

type upgraded struct {
	net.Conn
	lines *bufio.Reader
}

func upgrade(t *testing.T, address string) upgraded {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\n"+
		"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", address); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(conn)
	answer, err := http.ReadResponse(lines, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close() // empty: what follows the head of a 101 is the connection's
	if answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %s", answer.Status)
	}
	return upgraded{conn, lines}
}

func (u upgraded) says(t *testing.T, line string) {
	t.Helper()
	if err := u.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(u, line); err != nil {
		t.Fatal(err)
	}
	if got, err := u.lines.ReadString('\n'); err != nil || got != line+"\n" {
		t.Fatalf("said %q, heard %q, %v", line, got, err)
	}
}

func TestUpgrade(t *testing.T) {
	address, _ := front(t, t.Context(), echo(t))
	a, b := upgrade(t, address), upgrade(t, address)
	a.says(t, "one")
	b.says(t, "two")
	a.says(t, strings.Repeat("long ", 20_000))
}

// TestDeadlines takes longer than any deadline of a server's: what is silent for a while lives on.
func TestDeadlines(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 17 s; run without -short")
	}
	t.Parallel()
	const longer = 17 * time.Second

	t.Run("silent WebSocket", func(t *testing.T) {
		t.Parallel()
		address, _ := front(t, t.Context(), echo(t))
		u := upgrade(t, address)
		time.Sleep(longer)
		u.says(t, "still here")
	})
	t.Run("long export and held poll", func(t *testing.T) {
		t.Parallel()
		backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/export.csv" {
				_, _ = fmt.Fprint(w, "1,")
				_ = http.NewResponseController(w).Flush()
			}
			select {
			case <-time.After(longer):
			case <-r.Context().Done():
			}
			_, _ = fmt.Fprint(w, "6")
		}))
		defer backend.Close()
		address, _ := front(t, t.Context(), backend.URL)
		body := export(t, address)
		answer, err := http.Get("http://" + address + "/socket.io/?transport=polling")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if got, err := io.ReadAll(answer.Body); err != nil || string(got) != "6" {
			t.Errorf("the poll got %d %q, %v", answer.StatusCode, got, err)
		}
		if got, err := io.ReadAll(body); err != nil || string(got) != "1,6" {
			t.Errorf("the export got %q, %v", got, err)
		}
	})
}

// TestDrain ends the program while a WebSocket and a poll are open: neither has an end of its own.
func TestDrain(t *testing.T) {
	polled := make(chan struct{})
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(polled)
		<-r.Context().Done()
	}))
	defer backend.Close()

	ctx, stop := context.WithCancel(t.Context())
	sockets, socketsServed := front(t, ctx, echo(t))
	polls, pollsServed := front(t, ctx, backend.URL)
	u := upgrade(t, sockets)
	u.says(t, "one")
	answered := make(chan int, 1)
	go func() {
		answer, err := http.Get("http://" + polls + "/socket.io/?transport=polling")
		if err != nil {
			answered <- 0
			return
		}
		_ = answer.Body.Close()
		answered <- answer.StatusCode
	}()
	<-polled

	began := time.Now()
	stop()
	if err := u.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := u.lines.ReadByte(); err == nil || os.IsTimeout(err) {
		t.Errorf("the WebSocket did not end: %v", err)
	}
	if status := <-answered; status != http.StatusServiceUnavailable {
		t.Errorf("the poll got %d", status)
	}
	for name, served := range map[string]<-chan error{"sockets": socketsServed, "polls": pollsServed} {
		if err := <-served; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the drain took %v", took)
	}
}
