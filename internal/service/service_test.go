package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/service"
)

func lookup(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := variables[name]
		return v, ok
	}
}

func TestEnvNamesAllFaultsTogether(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := service.NewEnv(lookup(map[string]string{
		"PORT": "70000", "N": "many", "D": "1 hour", "SHORT": "1ms", "MODE": "sideways", "A": "x", "A_FILE": empty, "B_FILE": "/nowhere",
		"C": "contraseña",
	}))
	env.Listen(8080)
	env.Int("N", 1, 0, 9)
	env.Duration("D", time.Second, time.Millisecond, time.Minute)
	env.Duration("SHORT", time.Second, 100*time.Millisecond, time.Minute)
	env.OneOf("MODE", "on", "on", "off")
	env.RequiredSecret("DSN", "set it")
	env.Token("A")
	env.Token("B")
	env.Token("C")
	env.Fault("OWN", "is odd")
	err := env.Err()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`PORT is "70000"`, `N is "many"`, `D is "1 hour"`, `SHORT is "1ms"`, `MODE is "sideways": it must be one of on, off`,
		"DSN is not set: set it", "A and A_FILE are both set", "B_FILE cannot be read", "C must be printable ASCII", "OWN is odd",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestEnvReadsAndHidesSecrets(t *testing.T) {
	mounted := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(mounted, []byte("geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := service.NewEnv(lookup(map[string]string{
		"PULSO_LISTEN": "::1", "PORT": "0", "D": "250ms", "S": "", "DSN": "root:geheim@tcp(db)/x", "T_FILE": mounted,
	}))
	if got := env.Listen(8080); got != "[::1]:0" {
		t.Errorf("listen on %s", got)
	}
	if got := env.Duration("D", time.Second, 0, time.Minute); got != 250*time.Millisecond {
		t.Errorf("duration %s", got)
	}
	if got := env.String("S", "fallback"); got != "fallback" {
		t.Errorf("an empty variable is %q, not absent", got)
	}
	if got := env.Token("T"); got != "geheim" {
		t.Errorf("token %q", got)
	}
	env.RequiredSecret("DSN", "")
	if err := env.Err(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	env.Log(service.NewLogger(&out))
	if strings.Contains(out.String(), "geheim") || !strings.Contains(out.String(), `"DSN":"(hidden)"`) {
		t.Errorf("logged %s", out.String())
	}
}

func TestLogLinesHaveTheNamesOfCloudLogging(t *testing.T) {
	var out bytes.Buffer
	service.NewLogger(&out).Warn("what_happened", "count", 1)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["severity"] != "WARNING" || line["message"] != "what_happened" || line["count"] != 1.0 {
		t.Errorf("%v", line)
	}
}

// serve runs a service and returns its address and what ends it.
func serve(t *testing.T, handler http.Handler, ready *service.Readiness) (address string, stop func(), done <-chan error) {
	t.Helper()
	ln, err := service.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- service.Serve(ctx, ln, handler, slog.New(slog.DiscardHandler), ready) }()
	return ln.Addr().String(), cancel, ended
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return response.StatusCode, string(content)
}

func TestServeDrains(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	ready := service.NewReadiness(nil)
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = fmt.Fprint(w, "answered")
	})
	address, stop, done := serve(t, mux, ready)
	type answer struct {
		status int
		body   string
	}
	slow := make(chan answer, 1)
	go func() {
		status, body := get(t, "http://"+address+"/slow")
		slow <- answer{status, body}
	}()
	<-entered
	stop()
	for !ready.Draining() { // until the drain has begun
	}
	close(leave)
	if got := <-slow; got.status != 200 || got.body != "answered" {
		t.Errorf("the request in flight got %+v", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if status, body := get(t, "http://"+address+"/slow"); status != 0 {
		t.Errorf("still served: %d %s", status, body)
	}
}

func TestReadiness(t *testing.T) {
	var reason error
	ready := service.NewReadiness(func(context.Context) error { return reason })
	mux := http.NewServeMux()
	mux.HandleFunc("/health", service.Health)
	mux.Handle("/ready", ready)
	address, stop, done := serve(t, mux, ready)
	if status, body := get(t, "http://"+address+"/ready"); status != 200 || strings.TrimSpace(body) != `{"estado":"listo"}` {
		t.Errorf("%d %s", status, body)
	}
	reason = errors.New("the database is away")
	if status, body := get(t, "http://"+address+"/ready"); status != 503 || strings.TrimSpace(body) != `{"error":"no_listo","mensaje":"the database is away"}` {
		t.Errorf("%d %s", status, body)
	}
	if status, body := get(t, "http://"+address+"/health"); status != 200 || strings.TrimSpace(body) != `{"estado":"vivo"}` {
		t.Errorf("%d %s", status, body)
	}
	reason = nil
	ready.Drain()
	if status, _ := get(t, "http://"+address+"/ready"); status != 503 {
		t.Errorf("draining, and ready is %d", status)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestListenSaysWhichAddressIsTaken(t *testing.T) {
	ln, err := service.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	if _, err := service.Listen(t.Context(), ln.Addr().String()); err == nil || !strings.Contains(err.Error(), port) {
		t.Errorf("%v", err)
	}
}

// Many who ask at once cost one check, and each that asks later another.
func TestReadinessIsAskedOnceAtATime(t *testing.T) {
	asked, answer := make(chan struct{}, 100), make(chan error)
	ready := service.NewReadiness(func(context.Context) error {
		asked <- struct{}{}
		return <-answer
	})
	statuses := make(chan int, 50)
	ask := func() {
		w := httptest.NewRecorder()
		ready.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ready", nil))
		statuses <- w.Code
	}
	go ask()
	<-asked
	var coming sync.WaitGroup
	for range 49 {
		coming.Add(1)
		go func() {
			coming.Done()
			ask()
		}()
	}
	coming.Wait()
	time.Sleep(50 * time.Millisecond) // for them to ask; one that is late is answered by a check of its own below
	go func() {
		for {
			select {
			case answer <- errors.New("no"):
			case <-t.Context().Done():
				return
			}
		}
	}()
	for range 50 {
		if status := <-statuses; status != http.StatusServiceUnavailable {
			t.Errorf("status %d", status)
		}
	}
	if n := len(asked); n > 5 {
		t.Errorf("%d more checks for 50 who asked at once", n)
	}
	before := len(asked)
	ask()
	if len(asked) != before+1 {
		t.Error("who asks later is told an old answer")
	}
}
