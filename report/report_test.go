package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/verdict"
	"github.com/pulso-lab/pulso/internal/verdict/simulated"
)

const id = "20260301-120000-0123abcd"

func ramp() run.Run {
	r := simulated.Run(simulated.VM{CPUs: 2, CPU: 20 * time.Millisecond}, simulated.Load{Users: 100, Ramp: true, Hold: 15 * time.Second})
	r.ID, r.Name = id, "spring | *term* <b>"
	return r
}

func judged(r run.Run) Judged { return Judged{r, verdict.Of(r, r.Protocol.Objective, 0), "v1"} }

func TestTheSummary(t *testing.T) {
	j := judged(ramp())
	text := string(summary([]Judged{j}))
	for _, want := range []string{
		escape(j.Verdict.Sentence.EN), escape(j.Verdict.Sentence.ES), `spring \| \*term\* \<b\>`, "| capacity, good answers a second | ",
		"| capacidad, respuestas buenas por segundo | ", "2 CPU, 4096 MiB RAM", "100 users, stepped up past them, who wait 1.0 to 2.0 s",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in it:\n%s", want, text)
		}
	}
	for _, line := range strings.Split(text, "\n") { // a table has as many cells in every row as its head has
		if strings.HasPrefix(line, "| ") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 5 && strings.Count(line, "|") != 11 {
			t.Errorf("a row of another table: %s", line)
		}
	}
	if rows := strings.Count(text, "\n| 100 | "); rows != 2 {
		t.Errorf("the level of 100 users stands there %d times, and not once in each language", rows)
	}
}

func TestWhereRunsComeFrom(t *testing.T) {
	r := ramp()
	document, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
		case q.URL.Path == "/runs/"+id:
			_, _ = w.Write(document)
		default:
			http.NotFound(w, q)
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "run.json")
	if err := os.WriteFile(file, document, 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "recording.json")
	if err := os.WriteFile(other, []byte(`[{"hora":"2026-03-01 12:00:00"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		from       dashboard
		name, want string
	}{
		"a file":                     {dashboard{}, file, ""},
		"an id":                      {dashboard{server.URL + "/", "secret"}, id, ""},
		"an id that is not there":    {dashboard{server.URL, "secret"}, "20260301-120000-00000000", "has no run"},
		"without the token":          {dashboard{server.URL, ""}, id, "PULSO_SOCKET_TOKEN"},
		"nobody there":               {dashboard{"http://127.0.0.1:1", ""}, id, "does it run"},
		"neither a file nor an id":   {dashboard{}, "nothing.json", "neither a file nor the id"},
		"a file that is no run":      {dashboard{}, other, "is not a run"},
		"an address that makes none": {dashboard{"http://[", ""}, id, "PULSO_URL"},
	} {
		got, err := c.from.open(t.Context(), c.name)
		if c.want == "" && (err != nil || !reflect.DeepEqual(got, r)) {
			t.Errorf("%s: %v", name, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHowManyRuns(t *testing.T) {
	for _, names := range [][]string{nil, {"a", "b", "c"}} {
		if err := write(t.Context(), t.TempDir(), names); err == nil || !strings.Contains(err.Error(), "which run") {
			t.Errorf("%q: %v", names, err)
		}
	}
}
