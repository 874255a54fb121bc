package system

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
