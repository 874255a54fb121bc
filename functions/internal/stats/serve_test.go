package stats

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"
)

// served is a recorder of a minute and a half, with a queue.
func served() *Recorder {
	c := clock{noon}
	queue := Gauge{"queue", "Requests that wait to be written.", func() (int, int) { return 12, 4096 }}
	r := New("api2", "batch", "a-1", c.now, queue)
	for i := range 90 {
		r.Stored(at(float64(i)), at(float64(i)+0.004), 10)
		r.Stored(at(float64(i)), at(float64(i)+0.250), 10)
		if i >= 85 {
			r.Failed(at(float64(i)))
		}
	}
	r.Answered(at(89))
	r.Stored(at(90), at(150), 1) // not over yet: in the totals only
	c.t = at(90.5)
	return r
}

func body(t *testing.T, serve http.HandlerFunc, contentType string) string {
	t.Helper()
	w := httptest.NewRecorder()
	serve(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if got := w.Header().Get("Content-Type"); got != contentType || w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, got)
	}
	return w.Body.String()
}

const wantStats = `api2, writer batch, instance a-1, up since 2026-03-01 12:00:00 UTC (1m31s)
queue 12 of 4096

                 requests         rows     rows/s    errors     p50 ms     p95 ms     p99 ms
last second             4           20       20.0         1       3.97     254.33     254.33
last 10 s              26          200       20.0         5       3.97     254.33     254.33
last minute           126         1200       20.0         5       3.97     254.33     254.33
since start           187         1801       19.9         5     254.33     254.33     254.33

By the second of receipt, in UTC. Latency is from receipt to commit, of what was stored, within 4.5 %.
`

func TestServeStats(t *testing.T) {
	if got := body(t, served().ServeStats, "text/plain; charset=utf-8"); got != wantStats {
		t.Errorf("got\n%s\nwant\n%s", got, wantStats)
	}
}

const wantFresh = `api1, writer direct, instance a-1, up since 2026-03-01 12:00:00 UTC (0s)

                 requests         rows     rows/s    errors     p50 ms     p95 ms     p99 ms
last second             0            0        0.0         0          -          -          -
last 10 s               0            0        0.0         0          -          -          -
last minute             0            0        0.0         0          -          -          -
since start             0            0        0.0         0          -          -          -

By the second of receipt, in UTC. Latency is from receipt to commit, of what was stored, within 4.5 %.
`

func TestServeStatsOfNothing(t *testing.T) {
	r := New("api1", "direct", "a-1", func() time.Time { return noon })
	if got := body(t, r.ServeStats, "text/plain; charset=utf-8"); got != wantFresh {
		t.Errorf("got\n%s\nwant\n%s", got, wantFresh)
	}
}

// TestRatesOfAYoungInstance are over the time that it is up.
func TestRatesOfAYoungInstance(t *testing.T) {
	c := clock{noon}
	r := New("api1", "direct", "a-1", c.now)
	for i := range 5 {
		r.Stored(at(float64(i)), at(float64(i)), 40)
	}
	c.t = at(5)
	rates := regexp.MustCompile(`(?m)^(?:last|since) .* 40\.0 `).FindAllString(body(t, r.ServeStats, "text/plain; charset=utf-8"), -1)
	if len(rates) != 4 {
		t.Errorf("%q", rates)
	}
}

// wantMetrics was read back by prometheus/common's text parser.
const wantMetrics = `# HELP pulso_ingest_requests_total Requests that were answered.
# TYPE pulso_ingest_requests_total counter
pulso_ingest_requests_total{api="api2",writer="batch"} 187
# HELP pulso_ingest_rows_total Rows that were stored.
# TYPE pulso_ingest_rows_total counter
pulso_ingest_rows_total{api="api2",writer="batch"} 1801
# HELP pulso_ingest_errors_total Requests that were answered with a status of 500 or above.
# TYPE pulso_ingest_errors_total counter
pulso_ingest_errors_total{api="api2",writer="batch"} 5
# HELP pulso_ingest_statistics_lost_seconds_total Seconds of statistics that never reached the database.
# TYPE pulso_ingest_statistics_lost_seconds_total counter
pulso_ingest_statistics_lost_seconds_total{api="api2",writer="batch"} 0
# HELP pulso_ingest_commit_seconds Time from receipt to commit, of requests that were stored.
# TYPE pulso_ingest_commit_seconds histogram
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.0001"} 0
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.0002"} 0
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.0004"} 0
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.0008"} 0
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.0016"} 0
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.0032"} 0
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.0064"} 90
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.0128"} 90
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.0256"} 90
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.0512"} 90
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.1024"} 90
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.2048"} 90
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.4096"} 180
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="0.8192"} 180
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="1.6384"} 180
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="3.2768"} 180
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="6.5536"} 180
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="13.1072"} 180
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="26.2144"} 180
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="52.4288"} 180
pulso_ingest_commit_seconds_bucket{api="api2",writer="batch",le="+Inf"} 181
pulso_ingest_commit_seconds_sum{api="api2",writer="batch"} 82.860000
pulso_ingest_commit_seconds_count{api="api2",writer="batch"} 181
# HELP pulso_ingest_queue Requests that wait to be written.
# TYPE pulso_ingest_queue gauge
pulso_ingest_queue{api="api2",writer="batch"} 12
# HELP pulso_ingest_queue_limit Bound of pulso_ingest_queue.
# TYPE pulso_ingest_queue_limit gauge
pulso_ingest_queue_limit{api="api2",writer="batch"} 4096
`

func TestServeMetrics(t *testing.T) {
	if got := body(t, served().ServeMetrics, metricsType); got != wantMetrics {
		t.Errorf("got\n%s\nwant\n%s", got, wantMetrics)
	}
}

// TestTotalsNeverGoBackwards while requests of all kinds and the writing of the seconds go on.
func TestTotalsNeverGoBackwards(t *testing.T) {
	var db table
	r := New("api1", "direct", "a", time.Now)
	_, end := run(r, &db)
	defer end()
	var load sync.WaitGroup
	for worker := range 4 {
		load.Go(func() {
			for i := range 5000 {
				received := time.Now().Add(-time.Duration(i*worker) * 20 * time.Millisecond)
				r.Stored(received, time.Now(), 1)
				r.Answered(received)
				r.Failed(received)
			}
		})
	}
	over := make(chan struct{})
	go func() { load.Wait(); close(over) }()
	value := regexp.MustCompile(`(?m)^([^# ]+) (\S+)$`)
	last := make(map[string]float64)
	for looked := 0; ; looked++ {
		stop := false
		select {
		case <-over: // once more
			stop = true
		default:
		}
		for _, line := range value.FindAllStringSubmatch(body(t, r.ServeMetrics, metricsType), -1) {
			n, err := strconv.ParseFloat(line[2], 64)
			if err != nil || n < last[line[1]] {
				t.Fatalf("%s is %s after %v", line[1], line[2], last[line[1]])
			}
			last[line[1]] = n
		}
		body(t, r.ServeStats, "text/plain; charset=utf-8")
		if stop {
			break
		}
	}
	if n := last[`pulso_ingest_requests_total{api="api1",writer="direct"}`]; n != 60_000 {
		t.Errorf("%v requests were counted", n)
	}
}
