package bench

import (
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
)

// Sample has all of its fields, as an agent sends them. The secuencia, a clock in microseconds, also says its hora.
func Sample(host string, secuencia int64) sample.Sample {
	return sample.Sample{
		TotalRAM: 15990, RAMLibre: 9312, UsoRAM: 6678, PorcentajeRAM: 41.76, PorcentajeCPUUso: 37.42, PorcentajeCPULibre: 62.58,
		ProcesosCorriendo: 3, TotalProcesos: 233, ProcesosDurmiendo: 228, ProcesosZombie: 1, ProcesosParados: 1,
		Hora: sample.NewHora(time.UnixMicro(secuencia)), Host: host, Secuencia: &secuencia, Fuente: sample.FuenteKernel,
	}
}
