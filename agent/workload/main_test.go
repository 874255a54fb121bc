package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/service"
)

func TestRoutes(t *testing.T) {
	trabajo := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "worked") })
	handler := routes(trabajo, service.NewReadiness(nil))
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/trabajo", 200, "worked"},
		{"HEAD", "/trabajo", 200, "worked"},
		{"GET", "/trabajo?x=1", 200, "worked"},
		{"POST", "/trabajo", 405, `{"error":"metodo"`},
		{"BREW", "/ready", 405, `{"error":"metodo"`},
		{"GET", "/health", 200, `{"estado":"vivo"}`},
		{"GET", "/ready", 200, `{"estado":"listo"}`},
		{"GET", "/", 404, `{"error":"no_encontrado"`},
		{"POST", "/trabajo/", 404, `{"error":"no_encontrado"`},
	} {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(c.method, c.path, nil))
		if recorder.Code != c.status || !strings.HasPrefix(recorder.Body.String(), c.body) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, recorder.Code, recorder.Body, c.status, c.body)
		}
	}
}

func TestConfigurationNamesEveryFault(t *testing.T) {
	faulty := map[string]string{
		"PORT": "x", "PULSO_WORK_CPU": "11s", "PULSO_WORK_MEMORY": "1025", "PULSO_WORK_CONCURRENCY": "0",
		"PULSO_WORK_HOLD": "11s", "PULSO_WORK_LOCK": "11s", "PULSO_WORK_QUEUE": "4097",
	}
	env := service.NewEnv(func(name string) (string, bool) { v, ok := faulty[name]; return v, ok })
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	err := run(ctx, service.NewLogger(io.Discard), env)
	for name := range faulty {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("no %s in %v", name, err)
		}
	}
}
