package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/exposition"
	"github.com/pulso-lab/pulso/agent/internal/procfs"
	"github.com/pulso-lab/pulso/agent/internal/sampler"
	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
)

// vm is what every agent here says of its VM.
var vm = run.VM{Host: "vm", CPUs: 4, RAM: 16001, Machine: "e2-standard-4", Kernel: "6.1.0-37-cloud-amd64", Processes: 127592}

// snapshot is one real sample of this machine, taken once for all tests here.
var snapshot *sampler.Snapshot

func TestMain(m *testing.M) {
	var err error
	if snapshot, err = takeOne(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func takeOne() (*sampler.Snapshot, error) {
	source, err := procfs.New("/proc")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	s := sampler.New(sampler.Config{
		Source: source, Host: "vm", Interval: 100 * time.Millisecond, Wall: time.Now, Log: service.NewLogger(io.Discard),
	})
	go s.Run(ctx)
	for {
		got, err := s.Latest()
		if err == nil || ctx.Err() != nil {
			return got, err
		}
		time.Sleep(time.Millisecond)
	}
}

// samples hands out what it holds.
type samples struct {
	snapshot *sampler.Snapshot
	err      error
}

func (s samples) Latest() (*sampler.Snapshot, error) { return s.snapshot, s.err }

func (s samples) LatestTable(context.Context) (*sampler.Snapshot, error) { return s.snapshot, s.err }

// panicky has a bug.
type panicky struct{ cause any }

func (p panicky) Latest() (*sampler.Snapshot, error) { panic(p.cause) }

func (p panicky) LatestTable(context.Context) (*sampler.Snapshot, error) { panic(p.cause) }

// serve starts the real engine behind a real server.
func serve(t *testing.T, from Samples) (*httptest.Server, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	ready := service.NewReadiness(func(context.Context) error {
		_, err := from.Latest()
		return err
	})
	server := httptest.NewServer(service.Recover(service.NewLogger(&log), New(from, vm, ready)))
	t.Cleanup(server.Close)
	return server, &log
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

func do(t *testing.T, server *httptest.Server, method, path string, header ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response, string(body)}
}

// refused checks that an answer is an error in the contract's shape.
func (a answer) refused(t *testing.T, status int, code, message string) {
	t.Helper()
	var got map[string]string
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	if a.StatusCode != status || got["error"] != code || !strings.Contains(got["mensaje"], message) || len(got) != 2 {
		t.Errorf("%d %s, want %d %s with %q", a.StatusCode, a.body, status, code, message)
	}
	if contentType := a.Header.Get("Content-Type"); contentType != "application/json" {
		t.Errorf("the error is of type %q", contentType)
	}
}

func TestMetricsFormats(t *testing.T) {
	server, _ := serve(t, samples{snapshot: snapshot})
	for _, c := range []struct {
		accept, contentType string
		body                []byte
	}{
		{"*/*", "application/json", snapshot.JSON.Bytes},
		{"text/plain;version=0.0.4", exposition.TextType, snapshot.Text.Bytes},
		{"application/openmetrics-text", exposition.OpenMetricsType, snapshot.OpenMetrics.Bytes},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := do(t, server, method, "/metrics", "Accept", c.accept)
			want := string(c.body)
			if method == http.MethodHead {
				want = ""
			}
			if got.StatusCode != http.StatusOK || got.body != want {
				t.Errorf("%s %s: %d %s", method, c.accept, got.StatusCode, got.body)
			}
			for name, value := range map[string]string{
				"Content-Type": c.contentType, "Content-Length": strconv.Itoa(len(c.body)),
				"Cache-Control": "no-store", "Vary": "Accept",
			} {
				if got.Header.Get(name) != value {
					t.Errorf("%s %s: %s is %q, want %q", method, c.accept, name, got.Header.Get(name), value)
				}
			}
		}
	}
	decoded, err := sample.Decode(snapshot.JSON.Bytes)
	if err != nil || decoded[0].Host != "vm" {
		t.Errorf("the contract's own decoder: %+v, %v", decoded, err)
	}
}

func TestNoSample(t *testing.T) {
	server, _ := serve(t, samples{err: errors.New("the kernel is away")})
	for _, path := range []string{"/metrics", "/procesos", "/procesos?orden=ram&limite=1"} {
		for _, accept := range []string{"*/*", "text/plain;version=0.0.4"} {
			do(t, server, http.MethodGet, path, "Accept", accept).refused(t, 503, "sin_muestra", "the kernel is away")
		}
	}
	if got := do(t, server, http.MethodGet, "/procesos").Header["Retry-After"]; got != nil {
		t.Errorf("nobody knows when the kernel is back, and Retry-After is %q", got)
	}
	do(t, server, http.MethodGet, "/ready").refused(t, 503, "no_listo", "the kernel is away")
	if got := do(t, server, http.MethodGet, "/health"); got.StatusCode != http.StatusOK || got.body != `{"estado":"vivo"}`+"\n" {
		t.Errorf("health: %d %s", got.StatusCode, got.body)
	}
	if got := do(t, server, http.MethodHead, "/metrics"); got.StatusCode != http.StatusServiceUnavailable || got.body != "" {
		t.Errorf("HEAD: %d %q", got.StatusCode, got.body)
	}
}

// What the VM is, is known also before the first sample.
func TestVM(t *testing.T) {
	const want = `{"host":"vm","cpus":4,"ram_mib":16001,"machine":"e2-standard-4","kernel":"6.1.0-37-cloud-amd64","processes":127592}`
	for _, from := range []samples{{snapshot: snapshot}, {err: errors.New("the first sample needs two readings")}} {
		server, _ := serve(t, from)
		for method, body := range map[string]string{http.MethodGet: want, http.MethodHead: ""} {
			got := do(t, server, method, "/vm")
			if got.StatusCode != http.StatusOK || got.body != body || got.Header.Get("Content-Type") != "application/json" ||
				got.Header.Get("Content-Length") != strconv.Itoa(len(want)) || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %v %s", method, got.StatusCode, got.Header, got.body)
			}
		}
	}
}

// A table that could not be read in time says when it will be there, in whole seconds.
func TestNoTable(t *testing.T) {
	for retry, want := range map[time.Duration]string{200 * time.Millisecond: "1", 2 * time.Second: "2", 2100 * time.Millisecond: "3"} {
		server, _ := serve(t, samples{err: &sampler.NoTableError{Retry: retry}})
		got := do(t, server, http.MethodGet, "/procesos")
		got.refused(t, 503, "sin_muestra", "ask again in "+retry.String())
		if after := got.Header.Get("Retry-After"); after != want {
			t.Errorf("in %s: Retry-After is %q, want %q", retry, after, want)
		}
	}
}

func TestReady(t *testing.T) {
	server, _ := serve(t, samples{snapshot: snapshot})
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		if got := do(t, server, method, "/ready"); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", method, got.StatusCode, got.body)
		}
	}
}

func TestProcesos(t *testing.T) {
	server, _ := serve(t, samples{snapshot: snapshot})
	for _, c := range []struct {
		query, order string
		rows         []sampler.Process
		limit        int
	}{
		{"", "cpu", snapshot.Table.ByCPU(), 50},
		{"?orden=cpu&limite=1", "cpu", snapshot.Table.ByCPU(), 1},
		{"?orden=ram", "ram", snapshot.Table.ByRAM(), 50},
		{"?limite=1000&orden=ram&otro=x", "ram", snapshot.Table.ByRAM(), 1000},
	} {
		got := do(t, server, http.MethodGet, "/procesos"+c.query)
		var list processList
		if err := json.Unmarshal([]byte(got.body), &list); err != nil {
			t.Fatalf("%s: %v", got.body, err)
		}
		if want := c.rows[:min(c.limit, len(c.rows))]; !slices.Equal(list.Procesos, want) {
			t.Errorf("%q: %+v, want %+v", c.query, list.Procesos, want)
		}
		if list.Orden != c.order || list.Host != "vm" || list.Total != len(c.rows) ||
			int64(list.Total) != snapshot.Sample.TotalProcesos || !list.Hora.Equal(snapshot.Sample.Hora.Time) {
			t.Errorf("%q: %s", c.query, got.body)
		}
	}
}

func TestProcesosRefuses(t *testing.T) {
	server, _ := serve(t, samples{err: errors.New("also while there is no sample")})
	for query, want := range map[string]string{
		"orden=CPU":                          "orden",
		"orden=":                             "orden",
		"orden=cpu&orden=cpu":                "2 times",
		"limite=0":                           "limite",
		"limite=1001":                        "limite",
		"limite=-1":                          "limite",
		"limite=":                            "limite",
		"limite=1.5":                         "limite",
		"limite=0x10":                        "limite",
		"limite=1e2":                         "limite",
		"limite=%D9%A1":                      "limite", // an Arabic digit
		"limite=9999999999999999999999":      "limite",
		"limite=%zz":                         "malformed",
		"orden=cpu;limite=1":                 "malformed",
		"orden=" + strings.Repeat("x", 9000): "orden",
	} {
		do(t, server, http.MethodGet, "/procesos?"+query).refused(t, 400, "parametro_invalido", want)
	}
}

func TestWrongPathsAndMethods(t *testing.T) {
	server, _ := serve(t, samples{snapshot: snapshot})
	for _, path := range []string{"/", "/metric", "/metrics/", "/metrics/x", "//metrics", "/METRICS", "/%2e%2e/metrics"} {
		do(t, server, http.MethodGet, path).refused(t, 404, "no_encontrado", "/metrics")
	}
	do(t, server, http.MethodPost, "/nowhere").refused(t, 404, "no_encontrado", "/metrics")
	for _, path := range []string{"/metrics", "/procesos", "/vm", "/health", "/ready"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
			got := do(t, server, method, path)
			got.refused(t, 405, "metodo", "GET, HEAD")
			if got.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: Allow is %q", method, path, got.Header.Get("Allow"))
			}
		}
	}
}

func TestPanic(t *testing.T) {
	server, log := serve(t, panicky{"secret detail"})
	got := do(t, server, http.MethodGet, "/metrics")
	got.refused(t, 500, "interno", "log")
	if strings.Contains(got.body, "secret") {
		t.Errorf("the client is told the cause: %s", got.body)
	}
	for _, want := range []string{`"message":"handler_panicked"`, `"path":"/metrics"`, "secret detail", "api_test.go"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the log:\n%s", want, log)
		}
	}
}

// A handler that gives up its connection is let do so.
func TestAbort(t *testing.T) {
	server, log := serve(t, panicky{http.ErrAbortHandler})
	response, err := server.Client().Get(server.URL + "/metrics")
	if err == nil {
		_ = response.Body.Close()
		t.Errorf("answered %d", response.StatusCode)
	}
	if log.Len() > 0 {
		t.Errorf("log:\n%s", log)
	}
}

// discard is a client that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkMetrics(b *testing.B) {
	for name, accept := range map[string]string{"json": "*/*", "text": "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"} {
		b.Run(name, func(b *testing.B) {
			handler := New(samples{snapshot: snapshot}, vm, http.NotFoundHandler())
			request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			request.Header.Set("Accept", accept)
			client := discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(client, request)
			}
		})
	}
}
