package history

import (
	"strconv"
	"strings"

	"github.com/pulso-lab/pulso/internal/sample"
)

// columns are those of an export.
var columns = []string{
	"id", "total_ram", "ram_libre", "uso_ram", "porcentaje_ram", "porcentaje_cpu_uso", "porcentaje_cpu_libre",
	"procesos_corriendo", "total_procesos", "procesos_durmiendo", "procesos_zombie", "procesos_parados",
	"hora", "host", "secuencia", "fuente", "api", "recibido",
}

// record is a row in these columns. What a row does not have is empty.
func record(r *sample.Row) []string {
	secuencia := ""
	if r.Secuencia != nil {
		secuencia = integer(*r.Secuencia)
	}
	return []string{
		integer(r.ID), integer(r.TotalRAM), integer(r.RAMLibre), integer(r.UsoRAM),
		number(r.PorcentajeRAM), number(r.PorcentajeCPUUso), number(r.PorcentajeCPULibre),
		integer(r.ProcesosCorriendo), integer(r.TotalProcesos), integer(r.ProcesosDurmiendo), integer(r.ProcesosZombie),
		integer(r.ProcesosParados), r.Hora.String(), plain(r.Host), secuencia, r.Fuente, r.API, r.Recibido.String(),
	}
}

func integer(n int64) string { return strconv.FormatInt(n, 10) }

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// plain keeps a spreadsheet from taking a name for a formula and executing it.
func plain(name string) string {
	if name != "" && strings.ContainsRune("=+-@", rune(name[0])) {
		return "'" + name
	}
	return name
}
