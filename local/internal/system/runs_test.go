package system_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
)

// A run goes in by the entry point, part by part and by both routes, and comes out of the page's origin as it was; deleted
// and imported there, it is the same again.
func TestARunGoesThroughTheWholeSystem(t *testing.T) {
	c := config(t)
	c.Only = []string{"api1", "api2", "socket", "frontend", "the entry point"}
	s := start(t, c)
	defer func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}()
	begin := time.Date(2026, 11, 30, 18, 42, 37, 123456000, time.UTC)
	want := run.Run{Header: run.Header{
		Version: run.Version, ID: "20261130-184237-3f9c2a1b", Name: "Martes", Phase: run.PhaseEnter,
		Protocol: run.Protocol{Users: 30, Objective: run.DefaultObjective}, Start: begin, End: begin.Add(10 * time.Minute),
	}}
	for i := range 600 {
		target := run.Target{Name: "workload", Requests: 30}
		for n := range 30 {
			target.Latency.Observe(time.Duration(i+n) * time.Millisecond)
		}
		want.Seconds = append(want.Seconds, run.Second{Second: i, Users: 30, Targets: []run.Target{target}})
	}
	ask := func(method, url string, body []byte, status int) []byte {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != status {
			t.Fatalf("%s %s: %s, %v: %.300s", method, url, answer.Status, err, content)
		}
		return content
	}
	part := want
	for i, from := range []int{300, 0} {
		part.Seconds = want.Seconds[from : from+300]
		body, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		answer := ask(http.MethodPost, s.Entry()+"/api/runs", body, http.StatusCreated)
		if said := fmt.Sprintf(`{"api":"api%d","run":%q,"segundos":300}`+"\n", 2-i, want.ID); string(answer) != said {
			t.Errorf("%s, want %s", answer, said)
		}
	}
	at := s.Page() + "/runs/" + want.ID
	document := ask(http.MethodGet, at, nil, http.StatusOK)
	var got run.Run
	if err := json.Unmarshal(document, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: %.500s", err, document)
	}
	ask(http.MethodDelete, at, nil, http.StatusNoContent)
	ask(http.MethodGet, at, nil, http.StatusNotFound)
	ask(http.MethodPost, s.Page()+"/runs", document, http.StatusCreated)
	ask(http.MethodGet, at+"/verdict?users=30", nil, http.StatusOK)
	if again := ask(http.MethodGet, at, nil, http.StatusOK); !bytes.Equal(again, document) {
		t.Errorf("imported, it is %.500s", again)
	}
}
