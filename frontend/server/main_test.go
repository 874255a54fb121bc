package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/frontend/server/internal/proxy"
	"github.com/pulso-lab/pulso/frontend/server/internal/secure"
	"github.com/pulso-lab/pulso/frontend/server/internal/site"
	"github.com/pulso-lab/pulso/internal/service"
)

func env(values map[string]string) *service.Env {
	return service.NewEnv(func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	})
}

func dist(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte("<!doctype html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestHandler(t *testing.T) {
	files, err := site.Load(dist(t))
	if err != nil {
		t.Fatal(err)
	}
	socket := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "socket") })
	handler := newHandler(t.Context(), files, true, socket, service.NewReadiness(nil))
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/":                 {200, "<!doctype html>"},
		"/health":           {200, `{"estado":"vivo"}`},
		"/ready":            {200, `{"estado":"listo"}`},
		"/config.json":      {200, `{"build":"` + files.Build() + `","local":true,"version":"unknown"}`},
		"/socket.io/?EIO=4": {200, "socket"},
		"/export.csv?host=": {200, "socket"},
		"/runs":             {200, "socket"},
		"/runs/a/verdict":   {200, "socket"},
		"/?runs":            {200, "<!doctype html>"},
		"/none.js":          {404, `{"error":"no_encontrado","mensaje":"there is nothing at this path"}`},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if got := strings.TrimSpace(w.Body.String()); w.Code != want.status || got != want.body {
			t.Errorf("%s: %d %q, want %d %q", path, w.Code, got, want.status, want.body)
		}
		for name, value := range secure.Headers {
			if got := w.Header().Values(name); len(got) != 1 || got[0] != value {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	for proto, want := range map[string]string{"": "", "http": "", "https": "max-age=31536000"} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Forwarded-Proto", proto)
		handler.ServeHTTP(w, r)
		if got := w.Header().Get("Strict-Transport-Security"); got != want {
			t.Errorf("to %q: Strict-Transport-Security %q, want %q", proto, got, want)
		}
	}
	for _, directive := range []string{"default-src 'self'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(secure.Headers["Content-Security-Policy"], directive) {
			t.Errorf("the policy lacks %s", directive)
		}
	}
}

// What people do with runs passes by every method; an import may be large, and come slowly.
func TestRunsPass(t *testing.T) {
	files, err := site.Load(dist(t))
	if err != nil {
		t.Fatal(err)
	}
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, r.Method, " ", r.URL.Path, " ", n, " ", err)
	}))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	ready := service.NewReadiness(nil)
	ctx, stop := context.WithCancel(t.Context())
	ln, err := service.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- service.Serve(ctx, ln, newHandler(ctx, files, true, proxy.New(ctx, target, log), ready), log, ready)
	}()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	const large = 16 << 20
	body, more := io.Pipe()
	go func() {
		half := make([]byte, large/2)
		_, _ = more.Write(half)
		time.Sleep(5500 * time.Millisecond) // what is under test is that time passes: other bodies have 5 s
		_, err := more.Write(half)
		_ = more.CloseWithError(err)
	}()
	for _, tt := range []struct {
		method, path string
		body         io.Reader
		want         string
	}{
		{http.MethodGet, "/runs", http.NoBody, "GET /runs 0 <nil>"},
		{http.MethodPatch, "/runs/a", strings.NewReader("{}"), "PATCH /runs/a 2 <nil>"},
		{http.MethodDelete, "/runs/a", http.NoBody, "DELETE /runs/a 0 <nil>"},
		{http.MethodPost, "/runs", body, fmt.Sprintf("POST /runs %d <nil>", large)},
	} {
		request, err := http.NewRequestWithContext(ctx, tt.method, "http://"+ln.Addr().String()+tt.path, tt.body)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || string(got) != tt.want || answer.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%q, %v, want %q", got, err, tt.want)
		}
	}
}

func TestConfig(t *testing.T) {
	ask := func(page string, local bool) (answer config) {
		t.Helper()
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := site.Load(folder)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		handler := newHandler(t.Context(), files, local, http.NotFoundHandler(), service.NewReadiness(nil))
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/config.json", nil))
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control is %q", got)
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Build == "" {
			t.Errorf("%s: %v", w.Body, err)
		}
		return answer
	}
	one, again, other := ask("one", true), ask("one", false), ask("other", false)
	if one.Build != again.Build || one.Build == other.Build {
		t.Errorf("the same page has the builds %s and %s, another one %s", one.Build, again.Build, other.Build)
	}
	if !one.Local || other.Local {
		t.Errorf("%+v and %+v", one, other)
	}
}

func TestRun(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	ok := map[string]string{"PORT": "0", "PULSO_LISTEN": "127.0.0.1", "PULSO_FRONTEND_DIR": dist(t)}
	if err := run(ctx, slog.New(slog.DiscardHandler), env(ok)); err != nil {
		t.Errorf("a run that was asked to end: %v", err)
	}
	all := map[string]string{"PULSO_SOCKET_URL": "socket:4000", "PULSO_FRONTEND_DIR": t.TempDir(), "PORT": "-1"}
	err := run(t.Context(), slog.New(slog.DiscardHandler), env(all))
	for variable := range all {
		if err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("%v does not name %s", err, variable)
		}
	}
	for _, c := range []struct {
		name, value, says string
	}{
		{"PULSO_SOCKET_URL", "127.0.0.1:4000", "PULSO_SOCKET_URL"},
		{"PULSO_FRONTEND_DIR", filepath.Join(t.TempDir(), "none"), "make build"},
		{"PORT", "http", "PORT"},
		{"PULSO_LOCAL", "yes", "PULSO_LOCAL"},
	} {
		values := map[string]string{"PULSO_FRONTEND_DIR": ok["PULSO_FRONTEND_DIR"], "PORT": "0"}
		values[c.name] = c.value
		err := run(t.Context(), slog.New(slog.DiscardHandler), env(values))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s=%s: %v does not name %s", c.name, c.value, err, c.says)
		}
	}
}
