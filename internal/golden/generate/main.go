// Command generate makes the golden recording in the current folder: recording.json, ticks.json and points.json.
// It computes what must be drawn by the rules of docs/contract.md, on its own and in the plainest way, so that the
// parts under test have something independent to be held against. latency.json, beside them, is what internal/latency
// answers.
package main

import (
	"encoding/json"
	"log"
	"os"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/sample"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func main() {
	samples := recording()
	ticks, holes := commits(samples)
	write("recording.json", samples)
	write("ticks.json", ticks)
	write("points.json", expected(ticks, holes))
	save("latency.json", latencies().text())
}

func write(name string, v any) {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		log.Fatal(err)
	}
	save(name, data)
}

func save(name string, data []byte) {
	if err := os.WriteFile(name, append(data, '\n'), 0o644); err != nil { //nolint:gosec // a fixture in the source tree
		log.Fatal(err)
	}
}

// recording is what phase 1 kept, in the order in which it was received.
func recording() []sample.Sample {
	var samples []sample.Sample
	for i := range 90 {
		if i < 50 || i >= 62 { // twelve seconds nobody recorded: the gap
			a := vmA(i)
			samples = append(samples, a)
			if i%3 == 0 {
				samples = append(samples, a) // two users asked within one interval
			}
			if i%9 == 0 {
				samples = append(samples, a)
			}
		}
		if i < 40 {
			samples = append(samples, vmB(i))
		}
		if i == 20 { // a client without an identity, twice: two points
			samples = append(samples, courseExample(), courseExample())
		}
		if i == 80 { // from before the live window: history, not a point of the live chart
			samples = append(samples, vmA(-400))
		}
	}
	return samples
}

// vmA has a sample each second; its CPU rises from 0 to 100 % and three zombies come and go.
func vmA(i int) sample.Sample {
	s := numbers("vm-a", start.Add(time.Duration(i)*time.Second), 3934, max(25+i/4, 0), min(max(2*i, 0), 100))
	s.Secuencia = new(int64(1_772_366_400_000_000 + i))
	if i >= 70 && i < 73 {
		s.ProcesosZombie, s.TotalProcesos = 3, s.TotalProcesos+3
	}
	return s
}

// vmB has a sample each half second; its RAM is empty at first and full in the end.
func vmB(i int) sample.Sample {
	percent := 40
	switch i {
	case 0:
		percent = 0
	case 39:
		percent = 100
	}
	s := numbers("vm-b", start.Add(time.Duration(i)*500*time.Millisecond), 1967, percent, 10+i%3)
	s.Fuente = sample.FuenteKernel
	s.Secuencia = new(int64(1_772_366_000_000_000 + i))
	s.ProcesosParados, s.TotalProcesos = 1, s.TotalProcesos+1
	return s
}

func numbers(host string, at time.Time, totalRAM int64, ram, cpu int) sample.Sample {
	used := totalRAM * int64(ram) / 100
	return sample.Sample{
		TotalRAM: totalRAM, RAMLibre: totalRAM - used, UsoRAM: used,
		PorcentajeRAM:    float64(used*10000/totalRAM) / 100,
		PorcentajeCPUUso: float64(cpu), PorcentajeCPULibre: float64(100 - cpu),
		ProcesosCorriendo: int64(cpu / 10), ProcesosDurmiendo: 100, TotalProcesos: int64(cpu/10) + 100,
		Hora: sample.NewHora(at), Host: host, Fuente: sample.FuenteProcfs,
	}
}

// courseExample is the sample that the course's own text shows: two units of RAM, 22 + 88 %, sums that do not add up.
func courseExample() sample.Sample {
	return sample.Sample{
		TotalRAM: 2072, RAMLibre: 1110552576, UsoRAM: 442, PorcentajeRAM: 22,
		PorcentajeCPUUso: 22, PorcentajeCPULibre: 88,
		ProcesosCorriendo: 123, TotalProcesos: 233, ProcesosDurmiendo: 65, ProcesosZombie: 65, ProcesosParados: 65,
		Hora: sample.NewHora(time.Date(2025, 6, 17, 2, 21, 54, 0, time.UTC)),
	}
}

// commits gives the samples their ids in order of arrival and makes them visible in another order, ten ids a tick:
// every seventh id becomes visible a tick late, one id six ticks late, and every 25th id is rolled back.
func commits(samples []sample.Sample) ([]golden.Tick, []int64) {
	const first, perTick, veryLate = 101, 10, 117
	var ticks []golden.Tick
	var holes []int64
	received := start.Add(10 * time.Minute)
	id := int64(first)
	for i, s := range samples {
		if id%25 == 0 {
			holes = append(holes, id)
			id++
		}
		tick := int(id-first) / perTick
		switch {
		case id == veryLate:
			tick += 6
		case id%7 == 3:
			tick++
		}
		for len(ticks) <= tick {
			ticks = append(ticks, golden.Tick{})
		}
		ticks[tick].Rows = append(ticks[tick].Rows, sample.Row{
			Sample: s, ID: id, API: []string{"api1", "api2"}[i%2],
			Recibido: sample.NewRecibido(received.Add(time.Duration(i) * 16_667 * time.Microsecond)),
		})
		id++
	}
	visible := map[int64]bool{}
	for i := range ticks {
		slices.SortFunc(ticks[i].Rows, func(a, b sample.Row) int { return int(a.ID - b.ID) })
		for _, row := range ticks[i].Rows {
			visible[row.ID] = true
		}
		ticks[i].Cursor = first - 1
		for visible[ticks[i].Cursor+1] {
			ticks[i].Cursor++
		}
	}
	return ticks, holes
}

func expected(ticks []golden.Tick, holes []int64) golden.Expected {
	e := golden.Expected{Holes: holes, Hosts: map[string]golden.Host{}}
	distinct := map[string]map[int64]sample.Sample{} // host and secuencia, or a number of its own
	for _, tick := range ticks {
		for _, row := range tick.Rows {
			e.Rows++
			key := -row.ID
			if row.Host != "" && row.Secuencia != nil {
				key = *row.Secuencia
			}
			if distinct[row.Host] == nil {
				distinct[row.Host] = map[int64]sample.Sample{}
			}
			distinct[row.Host][key] = row.Sample
		}
	}
	for name, byKey := range distinct {
		e.Distinct += len(byKey)
		e.Hosts[name] = host(byKey)
	}
	return e
}

func host(byKey map[int64]sample.Sample) golden.Host {
	var all []sample.Sample
	for _, s := range byKey {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b sample.Sample) int { return a.Hora.Compare(b.Hora.Time) })
	newest := all[len(all)-1].Hora
	h := golden.Host{Newest: newest.String(), Points: []golden.Point{}, Gaps: []golden.Gap{}}
	var live []sample.Hora
	var distances []time.Duration
	for _, s := range all {
		if newest.Sub(s.Hora.Time) > 5*time.Minute {
			continue
		}
		if len(live) > 0 {
			distances = append(distances, s.Hora.Sub(live[len(live)-1].Time))
		}
		live = append(live, s.Hora)
		h.Points = append(h.Points, golden.Point{
			Hora: s.Hora.String(), CPU: s.PorcentajeCPUUso, RAM: s.PorcentajeRAM, Zombie: s.ProcesosZombie,
		})
	}
	sorted := slices.Sorted(slices.Values(distances))
	for i, d := range distances {
		if d > 3*sorted[len(sorted)/2] && d > 2500*time.Millisecond {
			h.Gaps = append(h.Gaps, golden.Gap{From: live[i].String(), To: live[i+1].String()})
		}
	}
	return h
}
