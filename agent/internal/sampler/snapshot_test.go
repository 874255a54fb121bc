package sampler

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
)

// The bytes are those of encoding/json, for every percentage, any count and any name.
func TestJSON(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	hosts := []string{"vm", "a \"b\" \\ c", "<línea> & \u2028 \x01\n", "\xff\xfe"}
	for busy := range uint64(whole + 1) {
		s := sample.Sample{
			TotalRAM: random.Int64(), RAMLibre: int64(busy), UsoRAM: math.MaxInt64,
			PorcentajeRAM: percent(random.Uint64N(whole + 1)), PorcentajeCPUUso: percent(busy), PorcentajeCPULibre: percent(whole - busy),
			ProcesosCorriendo: 1, TotalProcesos: random.Int64N(1 << 22), ProcesosDurmiendo: 3, ProcesosZombie: 4, ProcesosParados: 5,
			Hora: sample.NewHora(time.UnixMilli(random.Int64N(4e12))), Host: hosts[busy%uint64(len(hosts))],
			Secuencia: new(random.Int64()), Fuente: sample.FuenteKernel,
		}
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		host, err := json.Marshal(s.Host)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendJSON(nil, &s, host); string(got) != string(want) {
			t.Fatalf("\n%s, want\n%s", got, want)
		}
	}
}

func BenchmarkSample(b *testing.B) {
	values := steady()
	s := New(Config{Source: values, Host: "vm", Interval: time.Second, Wall: time.Now, Log: service.NewLogger(b.Output())})
	b.ReportAllocs()
	for b.Loop() {
		s.sample(time.Now())
	}
}
