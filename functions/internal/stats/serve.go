package stats

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// metricsType is the content type of Prometheus' text format.
const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// window is what happened to the requests of the last seconds.
type window struct {
	name    string
	seconds float64
	counts
}

// windows are whole seconds before now, and everything since the start.
func (r *Recorder) windows(now time.Time) []window {
	up := max(now.Sub(r.start).Seconds(), 1)
	windows := []window{{name: "last second", seconds: 1}, {name: "last 10 s", seconds: 10}, {name: "last minute", seconds: 60}}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range windows {
		w := &windows[i]
		for ago := int64(1); ago <= int64(w.seconds); ago++ {
			if s, ok := r.seconds[now.Unix()-ago]; ok {
				w.add(&s.counts)
			}
		}
		w.seconds = min(w.seconds, up)
	}
	return append(windows, window{name: "since start", seconds: up, counts: r.total})
}

// ServeStats answers `GET /stats`, for people.
func (r *Recorder) ServeStats(w http.ResponseWriter, _ *http.Request) {
	now := r.now()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s, writer %s, instance %s, up since %s UTC (%s)\n",
		r.api, r.writer, r.instance, r.start.UTC().Format(time.DateTime), now.Sub(r.start).Round(time.Second))
	for _, g := range r.gauges {
		level, limit := g.Read()
		fmt.Fprintf(&b, "%s %d of %d\n", g.Name, level, limit)
	}
	b.WriteString("\n                 requests         rows     rows/s    errors     p50 ms     p95 ms     p99 ms\n")
	for _, v := range r.windows(now) {
		fmt.Fprintf(&b, "%-12s %12d %12d %10.1f %9d %10s %10s %10s\n", v.name, v.requests, v.rows,
			float64(v.rows)/v.seconds, v.errors, v.millis(0.5), v.millis(0.95), v.millis(0.99))
	}
	b.WriteString("\nBy the second of receipt, in UTC. Latency is from receipt to commit, of what was stored, within 4.5 %.\n")
	answer(w, "text/plain; charset=utf-8", b.Bytes())
}

// millis is a quantile of the latencies in ms, or a dash when there is none.
func (c *counts) millis(q float64) string {
	if c.latency.Count() == 0 {
		return "-"
	}
	return strconv.FormatFloat(float64(c.latency.Quantile(q))/float64(time.Millisecond), 'f', 2, 64)
}

// ServeMetrics answers `GET /metrics`, in Prometheus' text format 0.0.4.
func (r *Recorder) ServeMetrics(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	total, took, lost := r.total, r.took, r.lost
	r.mu.Unlock()
	m := metrics{labels: fmt.Sprintf("api=%q,writer=%q", r.api, r.writer)}
	m.single("counter", "pulso_ingest_requests_total", "Requests that were answered.", total.requests)
	m.single("counter", "pulso_ingest_rows_total", "Rows that were stored.", total.rows)
	m.single("counter", "pulso_ingest_errors_total", "Requests that were answered with a status of 500 or above.", total.errors)
	m.single("counter", "pulso_ingest_statistics_lost_seconds_total", "Seconds of statistics that never reached the database.", lost)
	m.histogram("pulso_ingest_commit_seconds", "Time from receipt to commit, of requests that were stored.", &total, took)
	for _, g := range r.gauges {
		level, limit := g.Read()
		m.single("gauge", "pulso_ingest_"+g.Name, g.Help, level)
		m.single("gauge", "pulso_ingest_"+g.Name+"_limit", "Bound of pulso_ingest_"+g.Name+".", limit)
	}
	answer(w, metricsType, m.text.Bytes())
}

// metrics appends lines of the text format, all with the same labels.
type metrics struct {
	text   bytes.Buffer
	labels string
}

func (m *metrics) head(kind, name, help string) {
	fmt.Fprintf(&m.text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (m *metrics) single(kind, name, help string, value int) {
	m.head(kind, name, help)
	fmt.Fprintf(&m.text, "%s{%s} %d\n", name, m.labels, value)
}

func (m *metrics) histogram(name, help string, c *counts, sum float64) {
	m.head("histogram", name, help)
	for bound, count := range c.latency.Octaves() {
		fmt.Fprintf(&m.text, "%s_bucket{%s,le=\"%g\"} %d\n", name, m.labels, float64(bound)/float64(time.Second), count)
	}
	fmt.Fprintf(&m.text, "%s_bucket{%s,le=\"+Inf\"} %d\n", name, m.labels, c.latency.Count())
	fmt.Fprintf(&m.text, "%s_sum{%s} %.6f\n%s_count{%s} %d\n", name, m.labels, sum, name, m.labels, c.latency.Count())
}

func answer(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) // a reader that left
}
