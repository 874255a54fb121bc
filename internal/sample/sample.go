// Package sample is the contract that every part of Pulso speaks: the sample of a VM's vital signs, its JSON
// form and its validation. docs/contract.md says what each field means. The package imports nothing of ours, so
// that every part can import it.
//
// Fields have their wire names in Spanish and are otherwise plain values: no part converts a sample to a type
// of its own.
package sample

// Sources of a sample's numbers, the values of Sample.Fuente.
const (
	FuenteKernel = "kernel" // Pulso's kernel modules
	FuenteProcfs = "procfs" // /proc as every kernel has it
)

// Sample is the state of one VM at one moment.
type Sample struct {
	TotalRAM           int64   `json:"total_ram"`            // MiB, libre + uso
	RAMLibre           int64   `json:"ram_libre"`            // MiB, MemAvailable
	UsoRAM             int64   `json:"uso_ram"`              // MiB
	PorcentajeRAM      float64 `json:"porcentaje_ram"`       // 0–100, in use
	PorcentajeCPUUso   float64 `json:"porcentaje_cpu_uso"`   // 0–100, over all CPUs and the last interval
	PorcentajeCPULibre float64 `json:"porcentaje_cpu_libre"` // 100 − uso
	ProcesosCorriendo  int64   `json:"procesos_corriendo"`   // R
	TotalProcesos      int64   `json:"total_procesos"`       // the sum of the four states
	ProcesosDurmiendo  int64   `json:"procesos_durmiendo"`   // S, D, I, P
	ProcesosZombie     int64   `json:"procesos_zombie"`      // Z, X
	ProcesosParados    int64   `json:"procesos_parados"`     // T, t
	Hora               Hora    `json:"hora" tstype:"string"` // when the VM was in this state, UTC

	Host      string `json:"host,omitempty"`      // the VM's name; empty when unknown
	Secuencia *int64 `json:"secuencia,omitempty"` // with Host, the sample's identity; nil when unknown
	Fuente    string `json:"fuente,omitempty"`    // FuenteKernel, FuenteProcfs, or empty when unknown
}

// Row is a stored sample, as the stream hands it out.
type Row struct {
	Sample `tstype:",extends"`

	ID       int64    `json:"id"`                       // primary key; taken before the commit, so not in order of visibility
	API      string   `json:"api"`                      // the route that stored it
	Recibido Recibido `json:"recibido" tstype:"string"` // when the ingest instance received it, UTC
}
