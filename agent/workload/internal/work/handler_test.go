package work

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func serve(t *testing.T, cost Cost, places int) (*Handler, *httptest.Server) {
	t.Helper()
	handler := NewHandler(cost, places, slog.New(slog.NewJSONHandler(t.Output(), nil)))
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return handler, server
}

// ask sends one request, which ends with ctx.
func ask(ctx context.Context, server *httptest.Server) (status int, header http.Header, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/trabajo", nil)
	if err != nil {
		return 0, nil, "", err
	}
	response, err := server.Client().Do(request)
	if err != nil {
		return 0, nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(text), err
}

func TestAnswer(t *testing.T) {
	for cost, want := range map[Cost]string{
		{CPU: 4 * time.Millisecond, Memory: 1}: `{"cpu_ms":4,"memoria_mib":1}`,
		{CPU: 1500 * time.Microsecond}:         `{"cpu_ms":1.5,"memoria_mib":0}`,
	} {
		_, server := serve(t, cost, 1)
		status, header, body, err := ask(t.Context(), server)
		if err != nil || status != 200 || strings.TrimSpace(body) != want || header.Get("Content-Type") != "application/json" {
			t.Errorf("%+v: %d %s %v, want %s", cost, status, body, err, want)
		}
	}
}

// A full house refuses at once; a client that goes leaves its place.
func TestPlaces(t *testing.T) {
	const places = 3
	handler, server := serve(t, Cost{CPU: time.Hour}, places)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	gone := make(chan error, places)
	for range places {
		go func() {
			_, _, _, err := ask(ctx, server)
			gone <- err
		}()
	}
	await(t, "all places are taken", func() bool { return len(handler.places) == places })

	status, header, body, err := ask(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	var refusal map[string]string
	if err := json.Unmarshal([]byte(body), &refusal); err != nil {
		t.Fatal(err)
	}
	if status != 503 || refusal["error"] != "saturado" || refusal["mensaje"] != "all 3 places are taken" || header.Get("Retry-After") != "1" {
		t.Errorf("%d %s, Retry-After %q", status, body, header.Get("Retry-After"))
	}

	leave()
	for range places {
		if err := <-gone; err == nil {
			t.Error("a request of an hour was answered")
		}
	}
	await(t, "the places are free", func() bool { return len(handler.places) == 0 })
}

func TestNoMemoryForARequest(t *testing.T) {
	_, server := serve(t, Cost{Memory: 1 << 34}, 1)
	status, _, body, err := ask(t.Context(), server)
	if err != nil || status != 500 || !strings.Contains(body, `"error":"interno"`) {
		t.Errorf("%d %s %v", status, body, err)
	}
}
