// Package exposition writes a sample in the two formats that Prometheus reads: its text format 0.0.4 and
// OpenMetrics 1.0.
//
// Everything here is a gauge, and for gauges the two formats differ in the last line alone, so a few lines of code
// stand in for the client library and its protocol-buffer model. Names and units follow Prometheus' conventions:
// bytes, seconds, ratios from 0 to 1.
package exposition

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
	"github.com/pulso-lab/pulso/internal/sample"
)

// Content types of the two formats.
const (
	TextType        = "text/plain; version=0.0.4; charset=utf-8"
	OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8"
)

// eof is the last line of OpenMetrics, which the text format does not have.
const eof = "# EOF\n"

// size is more than a sample takes, but for a very long host.
const size = 2048

// Formats writes a sample, which has a sequence, in both formats; they share their bytes. Memory is in KiB, finer than
// the sample's MiB.
func Formats(s *sample.Sample, memory vitals.Memory) (text, openMetrics []byte) {
	w := writer{make([]byte, 0, size)}
	w.gauge("pulso_agent_info", "Which VM this is and where its numbers come from; always 1.")
	w.text(`pulso_agent_info{host="`, escaper.Replace(s.Host), `",source="`, s.Fuente, "\"} 1\n")
	w.gauge("pulso_cpu_busy_ratio", "Share of all CPUs' time in use during the last sampling interval, 0 to 1; iowait is idle.")
	w.ratio("pulso_cpu_busy_ratio ", s.PorcentajeCPUUso)
	w.gauge("pulso_memory_available_bytes", "Memory that programs could still get without swapping.")
	w.bytes("pulso_memory_available_bytes ", memory.AvailableKiB)
	w.gauge("pulso_memory_total_bytes", "Memory of the VM.")
	w.bytes("pulso_memory_total_bytes ", memory.TotalKiB)
	w.gauge("pulso_processes", "Processes of the VM by state; the states add up to all of them.")
	w.integer(`pulso_processes{state="running"} `, s.ProcesosCorriendo)
	w.integer(`pulso_processes{state="sleeping"} `, s.ProcesosDurmiendo)
	w.integer(`pulso_processes{state="stopped"} `, s.ProcesosParados)
	w.integer(`pulso_processes{state="zombie"} `, s.ProcesosZombie)
	w.gauge("pulso_sample_sequence", "Number of the sample; with the host it names one sample.")
	w.integer("pulso_sample_sequence ", *s.Secuencia)
	w.gauge("pulso_sample_timestamp_seconds", "When the sample was taken, in seconds since 1970.")
	w.number("pulso_sample_timestamp_seconds ", float64(s.Hora.UnixMilli())/1000)
	end := len(w.b)
	w.text(eof)
	return w.b[:end:end], w.b
}

// writer appends lines. A series is the metric's name with its labels and the space behind them.
type writer struct{ b []byte }

func (w *writer) text(parts ...string) {
	for _, part := range parts {
		w.b = append(w.b, part...)
	}
}

func (w *writer) gauge(name, help string) {
	w.text("# HELP ", name, " ", help, "\n# TYPE ", name, " gauge\n")
}

func (w *writer) integer(series string, n int64) {
	w.b = append(strconv.AppendInt(append(w.b, series...), n, 10), '\n')
}

// bytes writes memory that is given in KiB.
func (w *writer) bytes(series string, kib uint64) {
	w.b = append(strconv.AppendUint(append(w.b, series...), kib*1024, 10), '\n')
}

func (w *writer) number(series string, f float64) {
	w.b = append(strconv.AppendFloat(append(w.b, series...), f, 'f', -1, 64), '\n')
}

// ratio writes a percentage with two decimals as a ratio, rounded to its four decimals so that 3.3 gives 0.033.
func (w *writer) ratio(series string, percent float64) {
	w.b = strconv.AppendFloat(append(w.b, series...), percent/100, 'f', 4, 64)
	w.b = bytes.TrimSuffix(bytes.TrimRight(w.b, "0"), []byte("."))
	w.b = append(w.b, '\n')
}

// escaper quotes the three characters that a label's value cannot hold as they are.
var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
