package sampler

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
	"github.com/pulso-lab/pulso/internal/sample"
)

// Every possible percentage: used and free add up to 100, as JSON prints them and as floats.
func TestPercentagesAddUp(t *testing.T) {
	for busy := range uint64(whole + 1) {
		s, err := compute(vitals.CPU{}, readingOf(whole, whole-busy))
		if err != nil {
			t.Fatal(err)
		}
		if s.PorcentajeCPUUso+s.PorcentajeCPULibre != 100 {
			t.Errorf("%v + %v is %v as floats", s.PorcentajeCPUUso, s.PorcentajeCPULibre, s.PorcentajeCPUUso+s.PorcentajeCPULibre)
		}
		body, err := json.Marshal([]float64{s.PorcentajeCPUUso, s.PorcentajeCPULibre})
		if err != nil {
			t.Fatal(err)
		}
		var printed []json.Number
		if err := json.Unmarshal(body, &printed); err != nil {
			t.Fatal(err)
		}
		sum := new(big.Rat)
		for _, number := range printed {
			if len(number) > len("99.99") {
				t.Errorf("%s has more than two decimals", number)
			}
			r, ok := new(big.Rat).SetString(number.String())
			if !ok {
				t.Fatalf("%s is no number", number)
			}
			sum.Add(sum, r)
		}
		if sum.Cmp(big.NewRat(100, 1)) != 0 {
			t.Errorf("%s: the sum is %s", body, sum)
		}
	}
}

func TestCompute(t *testing.T) {
	to := readingOf(1300, 1075)
	to.Memory = vitals.Memory{TotalKiB: 3*1024 + 1023, AvailableKiB: 1024 + 1}
	to.States = vitals.States{Running: 3, Sleeping: 100, Zombie: 2, Stopped: 1}
	s, err := compute(vitals.CPU{Total: 1000, Idle: 1000}, to)
	if err != nil {
		t.Fatal(err)
	}
	if s.PorcentajeCPUUso != 75 || s.PorcentajeCPULibre != 25 {
		t.Errorf("CPU %v and %v, want 75 and 25", s.PorcentajeCPUUso, s.PorcentajeCPULibre)
	}
	if s.TotalRAM != 3 || s.RAMLibre != 1 || s.UsoRAM != 2 {
		t.Errorf("RAM %d = %d + %d MiB, want 3 = 1 + 2", s.TotalRAM, s.RAMLibre, s.UsoRAM)
	}
	if s.PorcentajeRAM != 74.97 { // 3070 of 4095 KiB: from KiB, not from the whole MiB above
		t.Errorf("RAM %v %%, want 74.97", s.PorcentajeRAM)
	}
	if s.TotalProcesos != 106 || s.ProcesosCorriendo != 3 || s.ProcesosDurmiendo != 100 ||
		s.ProcesosZombie != 2 || s.ProcesosParados != 1 {
		t.Errorf("processes %+v", s)
	}
}

func TestComputeInventsNothing(t *testing.T) {
	from := vitals.CPU{Total: 1000, Idle: 500}
	for name, c := range map[string]struct {
		total, idle uint64
		want        error
	}{
		"total backwards":       {999, 500, errBackwards},
		"idle backwards":        {1100, 499, errBackwards},
		"idle gains too much":   {1010, 511, errBackwards},
		"nothing moved":         {1000, 500, errStill},
		"moved, all of it idle": {1010, 510, nil},
		"moved, none of it":     {1010, 500, nil},
	} {
		if _, err := compute(from, readingOf(c.total, c.idle)); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
	for _, memory := range []vitals.Memory{{}, {TotalKiB: 10, AvailableKiB: 11}, {TotalKiB: sample.MaxInteger + 1}} {
		to := readingOf(1100, 600)
		to.Memory = memory
		if s, err := compute(from, to); err == nil {
			t.Errorf("memory %+v gave %+v", memory, s)
		}
	}
}

// Whatever the counters hold, the arithmetic does not run over: big.Int says the same.
func TestHundredths(t *testing.T) {
	const most = math.MaxUint64
	for _, c := range [][2]uint64{
		{0, 1}, {1, 1}, {1, 3}, {2, 3}, {1, 20_000}, {1, 20_001}, {0, most}, {1, most}, {most / 2, most}, {most, most},
		{most - 1, most}, {most / 3, most - 1}, {1 << 60, 1<<60 + 1}, {7e18, 9e18},
	} {
		part, all := new(big.Int).SetUint64(c[0]), new(big.Int).SetUint64(c[1])
		want := new(big.Int).Mul(part, big.NewInt(whole))
		want.Add(want, new(big.Int).Rsh(all, 1)).Quo(want, all)
		if got := hundredths(c[0], c[1]); got != want.Uint64() {
			t.Errorf("%d of %d: %d, want %s", c[0], c[1], got, want)
		}
	}
}

// readingOf has the given CPU counters, and memory that makes sense.
func readingOf(total, idle uint64) vitals.Reading {
	return vitals.Reading{
		CPU:    vitals.CPU{Total: total, Idle: idle},
		Memory: vitals.Memory{TotalKiB: 4096, AvailableKiB: 1024},
		Fuente: "procfs",
	}
}
