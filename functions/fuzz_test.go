package functions_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/functions"
	"github.com/pulso-lab/pulso/functions/internal/batch"
	"github.com/pulso-lab/pulso/functions/internal/stats"
	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// Whatever is sent, to the whole handler on a real database: the answer is one of docs/contract.md, and what it says was
// stored, and nothing else, is stored.
//
//	go test -fuzz FuzzHandler ./functions
func FuzzHandler(f *testing.F) {
	f.Add("POST", "/api", "application/json", "", []byte(course))
	f.Add("POST", "/", "application/json; charset=utf-8", "a-key", []byte("["+course+","+course+"]"))
	f.Add("POST", "/api", "application/json", "a-key", golden.RecordingJSON())
	f.Add("POST", "/api", "application/json", "", []byte(strings.Replace(course, "2072", "1e308", 1)))
	f.Add("POST", "/api", "application/json", "", []byte(strings.Replace(course, "22,", "1e-320,", 1)))
	f.Add("POST", "/api", "application/json", "", []byte(strings.Replace(course, `"hora"`, `"host":"\ud83d\ude00'\\\"","hora"`, 1)))
	f.Add("POST", "/api", "application/json", "", []byte(strings.Replace(course, "2025-06-17 02:21:54", "9999-12-31T23:59:59.999999999-00:00", 1)))
	f.Add("POST", "/api/runs", "application/json", "a-key", encode(f, part("fuzz", 0, 2)))
	f.Add("POST", "/api/runs", "application/json", "", []byte(`{"version":1,"seconds":[{"second":1e308,"targets":[{}]}]}`))
	f.Add("POST", "/api", "text/plain", "k y", []byte("{"))
	f.Add("GET", "/ready", "", "", []byte(nil))
	f.Add("HEAD", "/stats", "", "", []byte("x"))
	f.Add("GET", "/metrics", "", "", []byte(nil))
	f.Add("DELETE", "/api", "application/json", "k", []byte(course))

	db := storetest.New(f)
	writer := batch.New(db)
	f.Cleanup(writer.Close)
	handler := functions.New(functions.Route{
		API: "api2", Writer: writer, Runs: db, Stats: stats.New("api2", "batch", "fuzz", time.Now),
		Ready: service.NewReadiness(db.Ping), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	var last int64 // the highest id so far
	f.Fuzz(func(t *testing.T, method, path, contentType, key string, body []byte) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://x", bytes.NewReader(body))
		if err != nil {
			return // not a request that net/http would hand on
		}
		r.URL.Path = path
		r.Header.Set("Content-Type", contentType)
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)

		rows, err := db.RowsAfter(t.Context(), last, nil, 2000)
		if err != nil {
			t.Fatal(err)
		}
		var ids []int64
		for _, row := range rows {
			ids = append(ids, row.ID)
			last = row.ID
		}
		if !slices.Contains([]int{200, 201, 400, 401, 405, 413, 415, 422}, answer.Code) {
			t.Fatalf("%d %s", answer.Code, answer.Body)
		}
		if answer.Code == http.StatusOK && (path == "/stats" || path == "/metrics") {
			return
		}
		var said struct {
			Error, Mensaje string
			Insertados     int
			IDs            []int64
			Estado         string
			Run            string
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &said); err != nil {
			t.Fatalf("%v: %q", err, answer.Body)
		}
		switch {
		case answer.Code == http.StatusCreated && strings.HasSuffix(path, "/api/runs") && len(ids) == 0:
			if stored, err := db.Run(t.Context(), said.Run); err != nil || stored.ID != said.Run {
				t.Errorf("run %q: %v", said.Run, err)
			}
		case answer.Code == http.StatusOK && said.Estado != "" && len(ids) == 0:
		case answer.Code == http.StatusCreated && said.Insertados == len(said.IDs) && len(said.IDs) > 0 && slices.Equal(said.IDs, ids):
		case answer.Code == http.StatusCreated && key != "" && len(ids) == 0 && said.IDs[len(said.IDs)-1] <= last: // a retry
		case answer.Code >= 400 && said.Error != "" && said.Mensaje != "" && len(ids) == 0:
		default:
			t.Errorf("%s %s: %d %q, stored %v", method, path, answer.Code, answer.Body, ids)
		}
	})
}
