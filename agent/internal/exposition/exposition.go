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

// kib is the number of bytes in the unit of the kernel's memory figures.
const kib = 1024

// Text writes a sample in the Prometheus text format 0.0.4. Memory is in KiB, finer than the sample's MiB.
func Text(s sample.Sample, memory vitals.Memory) []byte {
	var b bytes.Buffer
	gauge(&b, "pulso_agent_info", "Which VM this is and where its numbers come from; always 1.",
		point{labels: label("host", s.Host) + "," + label("source", s.Fuente), value: "1"})
	gauge(&b, "pulso_cpu_busy_ratio", "Share of all CPUs' time in use during the last sampling interval, 0 to 1; iowait is idle.",
		point{value: hundredths(s.PorcentajeCPUUso)})
	gauge(&b, "pulso_memory_available_bytes", "Memory that programs could still get without swapping.",
		point{value: strconv.FormatUint(memory.AvailableKiB*kib, 10)})
	gauge(&b, "pulso_memory_total_bytes", "Memory of the VM.",
		point{value: strconv.FormatUint(memory.TotalKiB*kib, 10)})
	gauge(&b, "pulso_processes", "Processes of the VM by state; the states add up to all of them.",
		point{label("state", "running"), integer(s.ProcesosCorriendo)},
		point{label("state", "sleeping"), integer(s.ProcesosDurmiendo)},
		point{label("state", "stopped"), integer(s.ProcesosParados)},
		point{label("state", "zombie"), integer(s.ProcesosZombie)})
	if s.Secuencia != nil {
		gauge(&b, "pulso_sample_sequence", "Number of the sample; with the host it names one sample.",
			point{value: integer(*s.Secuencia)})
	}
	gauge(&b, "pulso_sample_timestamp_seconds", "When the sample was taken, in seconds since 1970.",
		point{value: strconv.FormatFloat(float64(s.Hora.UnixMilli())/1000, 'f', -1, 64)})
	return b.Bytes()
}

// OpenMetrics is text, as Text wrote it, in the OpenMetrics 1.0 format.
func OpenMetrics(text []byte) []byte {
	return append(bytes.Clone(text), "# EOF\n"...)
}

// point is one line of a metric.
type point struct{ labels, value string }

func gauge(b *bytes.Buffer, name, help string, points ...point) {
	b.WriteString("# HELP " + name + " " + help + "\n# TYPE " + name + " gauge\n")
	for _, p := range points {
		b.WriteString(name)
		if p.labels != "" {
			b.WriteString("{" + p.labels + "}")
		}
		b.WriteString(" " + p.value + "\n")
	}
}

// escaper quotes the three characters that a label's value cannot hold as they are.
var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func label(name, value string) string { return name + `="` + escaper.Replace(value) + `"` }

func integer(n int64) string { return strconv.FormatInt(n, 10) }

// hundredths is a percentage with two decimals as a ratio, rounded to its four decimals so that 3.3 gives 0.033.
func hundredths(percent float64) string {
	text := strconv.FormatFloat(percent/100, 'f', 4, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}
