package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/sample"
)

// columns of samples that a writer fills.
const columns = "total_ram,ram_libre,uso_ram,porcentaje_ram,porcentaje_cpu_uso,porcentaje_cpu_libre," +
	"procesos_corriendo,total_procesos,procesos_durmiendo,procesos_zombie,procesos_parados," +
	"hora,host,secuencia,fuente,api,recibido"

// vitals is a sample of a writer, each of which stands for a VM of its own.
func vitals(writer int, secuencia int64) sample.Sample {
	return bench.Sample(fmt.Sprintf("vm-%03d", writer), secuencia)
}

// firstSecuencia is where an agent's numbers start: the clock in microseconds, which has 16 digits until the year 2286, so that no
// two connections share a number.
func firstSecuencia() int64 { return time.Now().UnixMicro() }

// request is the bytes of a POST of one sample, in which only the digits of its secuencia change.
type request struct {
	text      []byte
	secuencia int64
	digits    [][]byte // where it stands in text: in the body, and in the Idempotency-Key if there is one
}

func newRequest(writer int, withKey bool) (*request, error) {
	secuencia := firstSecuencia()
	body, err := json.Marshal(vitals(writer, secuencia))
	if err != nil {
		return nil, err
	}
	key := ""
	if withKey {
		key = fmt.Sprintf("Idempotency-Key: bench-%03d-%d\r\n", writer, secuencia)
	}
	r := &request{secuencia: secuencia}
	r.text = fmt.Appendf(nil, "POST /api HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: pulso-bench\r\nAccept: */*\r\n"+
		"Content-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", key, len(body), body)
	for rest, digits := r.text, strconv.AppendInt(nil, secuencia, 10); ; {
		at := bytes.Index(rest, digits)
		if at < 0 {
			return r, nil
		}
		r.digits = append(r.digits, rest[at:at+len(digits)])
		rest = rest[at+len(digits):]
	}
}

// next is the bytes of another sample, valid until the next call.
func (r *request) next() []byte {
	r.secuencia++
	for _, digits := range r.digits {
		strconv.AppendInt(digits[:0], r.secuencia, 10)
	}
	return r.text
}

// table is n rows as LOAD DATA takes them.
func table(n int) []byte {
	first, recibido := firstSecuencia(), sample.NewRecibido(time.Now())
	var text bytes.Buffer
	for i := range n {
		v := vitals(i%goal, first+int64(i))
		_, _ = fmt.Fprintf(&text, "%d\t%d\t%d\t%g\t%g\t%g\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%d\t%s\tload\t%s\n",
			v.TotalRAM, v.RAMLibre, v.UsoRAM, v.PorcentajeRAM, v.PorcentajeCPUUso, v.PorcentajeCPULibre,
			v.ProcesosCorriendo, v.TotalProcesos, v.ProcesosDurmiendo, v.ProcesosZombie, v.ProcesosParados,
			v.Hora, v.Host, *v.Secuencia, v.Fuente, recibido)
	}
	return text.Bytes()
}
