package system

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/service"
)

// post sends one sample to the entry point and returns what came back.
func post(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Idempotency-Key", "k")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func route(t *testing.T, name string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/api" || string(body) != "{}" || r.Header.Get("Idempotency-Key") != "k" {
			t.Errorf("%s got %s %q", name, r.URL, body)
		}
		_, _ = io.WriteString(w, name)
	}))
	t.Cleanup(server.Close)
	return server
}

// However many parts of runs come between them, both routes get as many samples.
func TestRunsTakeTheirOwnTurn(t *testing.T) {
	got := map[string]int{}
	answer := func(name string) *httptest.Server {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got[name+r.URL.Path]++ }))
		t.Cleanup(server.Close)
		return server
	}
	handler, err := entry(answer("1").URL, answer("2").URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		for _, path := range []string{"/api", "/api/runs"} {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, nil))
		}
	}
	if want := map[string]int{"1/api": 2, "2/api": 2, "1/api/runs": 2, "2/api/runs": 2}; !maps.Equal(got, want) {
		t.Errorf("the routes got %v", got)
	}
}

func TestTheEntryPointSharesInTurn(t *testing.T) {
	one, two := route(t, "api1"), route(t, "api2")
	handler, err := entry(one.URL, two.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	count := map[string]int{}
	for range 100 {
		status, name := post(t, server.URL)
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, name)
		}
		count[name]++
	}
	if count["api1"] != 50 || count["api2"] != 50 {
		t.Errorf("%v", count)
	}
	two.Close()
	status, body := post(t, server.URL)
	for status == http.StatusOK {
		status, body = post(t, server.URL)
	}
	if status != http.StatusBadGateway || !strings.Contains(body, `"error":"desconocido"`) {
		t.Errorf("a route that is away: %d %s", status, body)
	}
}

// A connection that lies idle is closed by the entry point and not by its route, which would lose the request that takes
// it at that moment.
func TestTheEntryPointLetsGoFirst(t *testing.T) {
	patience := make(chan time.Duration, 1)
	go func() { patience <- patienceOfARoute(t) }()

	closed := make(chan struct{})
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "api") }))
	api.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(closed) // there is one connection
		}
	}
	api.Start()
	defer api.Close()
	handler, err := entry("http://127.0.0.1:1", api.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	if status, body := post(t, server.URL); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	begin := time.Now()
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Fatal("the connection is kept for ever")
	}
	if kept, limit := time.Since(begin), <-patience; kept > limit-time.Second {
		t.Errorf("the entry point closed it after %s, a route would after %s", kept, limit)
	}
}

// patienceOfARoute is how long a service keeps a connection on which nothing ever came.
func patienceOfARoute(t *testing.T) time.Duration {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	served := make(chan error, 1)
	ln, err := service.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return 0
	}
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	go func() {
		served <- service.Serve(ctx, ln, http.NotFoundHandler(), slog.New(slog.DiscardHandler), service.NewReadiness(nil))
	}()
	begin := time.Now()
	silent, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Error(err)
		return 0
	}
	defer silent.Close()
	if _, err := io.ReadAll(silent); err != nil {
		t.Error(err)
	}
	return time.Since(begin)
}
