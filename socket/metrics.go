package main

import (
	"fmt"
	"net/http"

	"github.com/pulso-lab/pulso/socket/internal/edge"
	"github.com/pulso-lab/pulso/socket/internal/feed"
	"github.com/pulso-lab/pulso/socket/internal/hub"
)

// metrics answers in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/).
type metrics struct {
	news   *hub.Hub
	reader *feed.Feed
	stream *edge.Server
}

func (m metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	read, dropped := m.reader.Counts(), m.stream.Dropped()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = fmt.Fprintf(w, `# HELP pulso_stream_clients Clients that are connected.
# TYPE pulso_stream_clients gauge
pulso_stream_clients %d
# HELP pulso_stream_rows_total Rows that were read since the start and sent to every client.
# TYPE pulso_stream_rows_total counter
pulso_stream_rows_total %d
# HELP pulso_stream_open_holes Runs of ids that may still become visible.
# TYPE pulso_stream_open_holes gauge
pulso_stream_open_holes %d
# HELP pulso_stream_lost_holes_total Runs of ids given up because there were too many, in each of which rows may be lost.
# TYPE pulso_stream_lost_holes_total counter
pulso_stream_lost_holes_total %d
# HELP pulso_stream_dropped_clients_total Clients disconnected because they took nothing (slow) or less than came (behind).
# TYPE pulso_stream_dropped_clients_total counter
pulso_stream_dropped_clients_total{reason="slow"} %d
pulso_stream_dropped_clients_total{reason="behind"} %d
`, m.news.Clients(), read.Rows, read.Holes, read.Lost, dropped["slow"], dropped["behind"])
}
