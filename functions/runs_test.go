package functions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/functions"
	"github.com/pulso-lab/pulso/functions/internal/batch"
	"github.com/pulso-lab/pulso/functions/internal/stats"
	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// part is some seconds of a run, with all of its header.
func part(id string, from, to int) run.Run {
	start := time.Date(2026, 11, 30, 18, 42, 37, 123456789, time.UTC)
	r := run.Run{
		Header: run.Header{
			Version: run.Version, ID: id, Name: "Martes", Phase: run.PhaseEnter, VM: run.VM{Host: "vm-1", CPUs: 4},
			Protocol: run.Protocol{Users: 300, Objective: run.DefaultObjective}, Start: start, End: start.Add(10 * time.Minute),
		},
		Seconds: []run.Second{},
	}
	for i := from; i < to; i++ {
		t := run.Target{Name: "workload", Requests: int64(i) + 1, Failures: 1}
		for n := range i {
			t.Latency.Observe(time.Duration(n*n) * time.Millisecond)
		}
		r.Seconds = append(r.Seconds, run.Second{Second: i, Users: i, Targets: []run.Target{t}})
	}
	return r
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func handIn(t *testing.T, url string, r run.Run, header ...string) answer {
	t.Helper()
	return send(t, http.MethodPost, url+"/api/runs", bytes.NewReader(encode(t, r)), header...)
}

// Both routes store the parts of a run the same way, in any order, and again.
func TestAnAnswered201IsAStoredPartOfARun(t *testing.T) {
	db := storetest.New(t)
	writer := batch.New(db)
	t.Cleanup(writer.Close)
	routes := map[string]string{
		"api1": start(t, "api1", "geheim", db, time.Now),
		"api2": serve(t, functions.Route{
			API: "api2", Token: service.NewToken("geheim"), Writer: writer, Runs: db, Stats: stats.New("api2", "batch", "test", time.Now),
			Ready: service.NewReadiness(db.Ping), Log: slog.New(slog.DiscardHandler), Now: time.Now,
		}),
	}
	const id = "20261130-184237-3f9c2a1b"
	for _, p := range []struct {
		api      string
		from, to int
	}{{"api2", 300, 600}, {"api1", 0, 300}, {"api1", 300, 600}, {"api2", 0, 0}} {
		got := handIn(t, routes[p.api], part(id, p.from, p.to), "Authorization", "Bearer geheim")
		if got.status != 201 || got.body.API != p.api || got.body.Run != id || got.body.Segundos != p.to-p.from {
			t.Fatalf("%+v: %+v", p, got)
		}
		stored, err := db.Run(t.Context(), id)
		if err != nil || p.to > 0 && !slices.ContainsFunc(stored.Seconds, func(s run.Second) bool { return s.Second == p.to-1 }) {
			t.Fatalf("%+v: answered and not stored: %d seconds, %v", p, len(stored.Seconds), err)
		}
	}
	stored, err := db.Run(t.Context(), id)
	if want := part(id, 0, 600); err != nil || !reflect.DeepEqual(stored, want) {
		t.Errorf("%v\ngot  %.500s\nwant %.500s", err, encode(t, stored), encode(t, want))
	}
	if rows, err := db.RowsAfter(t.Context(), 0, nil, 10); err != nil || len(rows) > 0 {
		t.Errorf("%d samples, %v", len(rows), err)
	}
	for _, url := range routes {
		if got := metrics(t, url); !strings.Contains(got, "pulso_ingest_requests_total") || regexp.MustCompile(`(?m)^pulso_ingest_requests_total.* [^0]\d*$`).MatchString(got) {
			t.Errorf("a run was counted as a request:\n%s", got)
		}
	}
}

func metrics(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestWhatIsRefusedOfARun(t *testing.T) {
	db := storetest.New(t)
	url := start(t, "api1", "geheim", db, time.Now)
	body := string(encode(t, part("a-run", 0, 2)))
	for name, tt := range map[string]struct {
		method, body string
		header       []string
		status       int
		code         string
	}{
		"GET":             {http.MethodGet, "", nil, 405, "metodo"},
		"DELETE":          {http.MethodDelete, "", nil, 405, "metodo"},
		"no token":        {http.MethodPost, body, []string{"Authorization", ""}, 401, "sin_permiso"},
		"a form":          {http.MethodPost, body, []string{"Content-Type", "text/plain"}, 415, "tipo"},
		"compressed":      {http.MethodPost, body, []string{"Content-Encoding", "gzip"}, 415, "tipo"},
		"half":            {http.MethodPost, body[:len(body)/2], nil, 400, "json_invalido"},
		"a sample":        {http.MethodPost, course, nil, 400, "corrida_invalida"},
		"an array":        {http.MethodPost, "[" + body + "]", nil, 400, "corrida_invalida"},
		"another version": {http.MethodPost, strings.Replace(body, `"version":1`, `"version":2`, 1), nil, 400, "corrida_invalida"},
		"huge":            {http.MethodPost, strings.Replace(body, `"users":300`, `"users":1e308`, 1), nil, 400, "corrida_invalida"},
		"SQL":             {http.MethodPost, strings.Replace(body, "a-run", "' OR 1=1 --", 1), nil, 400, "corrida_invalida"},
		"301 seconds":     {http.MethodPost, string(encode(t, part("a-run", 0, 301))), nil, 400, "corrida_invalida"},
		"1 MiB + 1":       {http.MethodPost, body + strings.Repeat(" ", sample.MaxBody+1-len(body)), nil, 413, "demasiado_grande"},
		"deep":            {http.MethodPost, strings.Replace(body, `"name"`, `"x":`+strings.Repeat("[", 20_000)+`,"name"`, 1), nil, 400, "json_invalido"},
	} {
		header := append([]string{"Authorization", "Bearer geheim"}, tt.header...)
		got := send(t, tt.method, url+"/api/runs", strings.NewReader(tt.body), header...)
		if got.status != tt.status || got.body.Error != tt.code || got.body.Mensaje == "" || (tt.code == "corrida_invalida") != (len(got.body.Campos) > 0) {
			t.Errorf("%s: %d %+v, want %d %s", name, got.status, got.body, tt.status, tt.code)
		}
	}
	if list, err := db.Runs(t.Context(), 10); err != nil || len(list.Runs) > 0 {
		t.Errorf("%d runs, %v; want none", len(list.Runs), err)
	}
	several := strings.NewReplacer(`"phase":1`, `"phase":9`, `"failures":1`, `"failures":3`).Replace(body)
	got := send(t, http.MethodPost, url+"/api/runs", strings.NewReader(several), "Authorization", "Bearer geheim")
	var campos []string
	for _, f := range got.body.Campos {
		campos = append(campos, f.Campo)
	}
	if want := []string{"phase", "seconds[0].targets[0].failures", "seconds[1].targets[0].failures"}; !slices.Equal(campos, want) {
		t.Errorf("%q, want %q", campos, want)
	}
}

// Another path is one of samples, as it always was.
func TestOnlyItsPathTakesARun(t *testing.T) {
	db := storetest.New(t)
	url := start(t, "api1", "", db, time.Now)
	for path, status := range map[string]int{"/api/runs": 400, "/function/api/runs": 400, "/api/runs/": 201, "/runs": 201, "/api/run": 201} {
		if got := send(t, http.MethodPost, url+path, strings.NewReader(course)); got.status != status {
			t.Errorf("a sample at %s: %+v, want %d", path, got, status)
		}
	}
}

// broken is a store of runs whose outcome is this error.
type broken struct{ error }

func (b broken) InsertRun(context.Context, run.Run) error { return b.error }

func TestWhatTheDatabaseSaysOfARun(t *testing.T) {
	away, err := store.Open("root@unix(/nowhere/sock)/pulso", 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		runs   functions.RunWriter
		status int
		code   string
	}{
		"it is away":     {away, 503, "no_disponible"},
		"nobody knows":   {broken{errors.New("commit: invalid connection")}, 500, "desconocido"},
		"nothing stored": {broken{store.ErrNotStored}, 503, "no_disponible"},
		"another run":    {broken{fmt.Errorf("%w: %w", store.ErrNotStored, store.ErrOtherRun)}, 422, "corrida_distinta"},
	} {
		url := serve(t, functions.Route{
			API: "api1", Writer: away, Runs: tt.runs, Stats: stats.New("api1", "test", "test", time.Now),
			Ready: service.NewReadiness(nil), Log: slog.New(slog.DiscardHandler), Now: time.Now,
		})
		got := handIn(t, url, part("a-run", 0, 1))
		if got.status != tt.status || got.body.Error != tt.code || (tt.status == 503) != (got.header.Get("Retry-After") != "") || strings.Contains(got.body.Mensaje, "commit") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
