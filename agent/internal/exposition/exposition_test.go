package exposition

import (
	"testing"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
	"github.com/pulso-lab/pulso/internal/sample"
)

// want was read back by two parsers that are not ours: prometheus/common's text parser and the OpenMetrics parser of
// Prometheus' Python client.
const want = `# HELP pulso_agent_info Which VM this is and where its numbers come from; always 1.
# TYPE pulso_agent_info gauge
pulso_agent_info{host="a \"b\" \\ c\nd",source="procfs"} 1
# HELP pulso_cpu_busy_ratio Share of all CPUs' time in use during the last sampling interval, 0 to 1; iowait is idle.
# TYPE pulso_cpu_busy_ratio gauge
pulso_cpu_busy_ratio 0.0333
# HELP pulso_memory_available_bytes Memory that programs could still get without swapping.
# TYPE pulso_memory_available_bytes gauge
pulso_memory_available_bytes 24847872000
# HELP pulso_memory_total_bytes Memory of the VM.
# TYPE pulso_memory_total_bytes gauge
pulso_memory_total_bytes 25274793984
# HELP pulso_processes Processes of the VM by state; the states add up to all of them.
# TYPE pulso_processes gauge
pulso_processes{state="running"} 1
pulso_processes{state="sleeping"} 2
pulso_processes{state="stopped"} 4
pulso_processes{state="zombie"} 3
# HELP pulso_sample_sequence Number of the sample; with the host it names one sample.
# TYPE pulso_sample_sequence gauge
pulso_sample_sequence 1795324429419916
# HELP pulso_sample_timestamp_seconds When the sample was taken, in seconds since 1970.
# TYPE pulso_sample_timestamp_seconds gauge
pulso_sample_timestamp_seconds 1795324431.3
`

func TestFormats(t *testing.T) {
	s := sample.Sample{
		PorcentajeCPUUso: 3.33, ProcesosCorriendo: 1, ProcesosDurmiendo: 2, ProcesosZombie: 3, ProcesosParados: 4,
		Hora: sample.NewHora(time.UnixMilli(1795324431300)), Host: "a \"b\" \\ c\nd",
		Secuencia: new(int64(1795324429419916)), Fuente: sample.FuenteProcfs,
	}
	text, openMetrics := Formats(&s, vitals.Memory{TotalKiB: 24682416, AvailableKiB: 24265500})
	if string(text) != want {
		t.Errorf("text:\n%s\nwant:\n%s", text, want)
	}
	if string(openMetrics) != want+"# EOF\n" {
		t.Errorf("OpenMetrics:\n%s", openMetrics)
	}
	_ = append(text, "more"...)
	if string(openMetrics) != want+"# EOF\n" {
		t.Errorf("what was appended to the text went into OpenMetrics:\n%s", openMetrics)
	}
}

func TestRatio(t *testing.T) {
	for percent, want := range map[float64]string{0: "0", 100: "1", 50: "0.5", 3.3: "0.033", 0.01: "0.0001", 99.99: "0.9999", 14.29: "0.1429"} {
		var w writer
		w.ratio("x ", percent)
		if got := string(w.b); got != "x "+want+"\n" {
			t.Errorf("%v %%: %q, want %s", percent, got, want)
		}
	}
}
