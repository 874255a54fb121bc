package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
)

// parcel is the body of a request, which some user sends once or often.
type parcel struct {
	key      string // empty without one
	samples  []sample.Sample
	body     []byte
	attempts []attempt
}

// attempt is one request with it, and what was said.
type attempt struct {
	began, ended time.Time
	status       int     // 0 without a whole answer
	code         string  // of an error
	api          string  // of a 201
	ids          []int64 // of a 201
	cause        error   // why there is no whole answer, or why it makes no sense
}

// verdict is what an attempt's answer says of it.
type verdict int

const (
	nonsense  verdict = iota // nothing that the contract has for a good request
	stored                   // with the ids
	notStored                // by this attempt
	refused                  // for good: the key was used with another body
	unknown
)

func (a attempt) verdict() verdict {
	switch {
	case a.status == 201 && a.cause == nil:
		return stored
	case a.status == 503 && a.code == "no_disponible":
		return notStored
	case a.status == 422 && a.code == "clave_repetida":
		return refused
	case a.status == 0, (a.status == 500 || a.status == 502) && a.code == "desconocido":
		return unknown
	}
	return nonsense
}

func (a attempt) String() string {
	switch {
	case a.cause != nil:
		return fmt.Sprintf("%d (%v)", a.status, a.cause)
	case a.code != "":
		return fmt.Sprintf("%d %s", a.status, a.code)
	}
	return fmt.Sprintf("%d %s %v", a.status, a.api, a.ids)
}

// pack makes a parcel of count samples, the first with the number first; no other parcel has the same host and number.
func pack(key, host string, first int64, count int) *parcel {
	p := &parcel{key: key}
	for n := first; n < first+int64(count); n++ {
		p.samples = append(p.samples, numbered(host, n))
	}
	var content any = p.samples
	if count == 1 {
		content = p.samples[0]
	}
	var err error
	if p.body, err = json.Marshal(content); err != nil {
		panic(err) // a sample of ours
	}
	return p
}

// numbered is a sample whose every value comes from its number.
func numbered(host string, n int64) sample.Sample {
	used := n % 4000
	cpu := float64(n%10001) / 100
	return sample.Sample{
		TotalRAM: 4000, UsoRAM: used, RAMLibre: 4000 - used, PorcentajeRAM: float64(used) / 40,
		PorcentajeCPUUso: cpu, PorcentajeCPULibre: float64(10000-n%10001) / 100,
		ProcesosCorriendo: n % 7, ProcesosDurmiendo: n % 200, ProcesosZombie: n % 3, ProcesosParados: n % 2,
		TotalProcesos: n%7 + n%200 + n%3 + n%2,
		Hora:          sample.NewHora(time.UnixMilli(1_750_000_000_000 + n)),
		Host:          host, Secuencia: &n, Fuente: sample.FuenteProcfs,
	}
}

// size is how many samples a parcel has: mostly one, sometimes a few, and now and then many.
func size(random *rand.Rand) int {
	switch random.IntN(20) {
	case 0:
		return 20 + random.IntN(40)
	case 1, 2, 3, 4, 5:
		return 2 + random.IntN(4)
	}
	return 1
}
