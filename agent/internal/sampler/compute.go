package sampler

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
	"github.com/pulso-lab/pulso/internal/sample"
)

// Reasons why two readings make no sample. Kernels do let idle and iowait run backwards for a moment; a number made
// from that would be invented.
var (
	errBackwards = errors.New("the CPU counters went backwards")
	errStill     = errors.New("the CPU counters did not move during the interval")
)

const (
	whole     = 100 * 100 // 100 % in hundredths
	kibPerMiB = 1024
)

// compute is the sample of the window that began at from, without its time and identity. Percentages are made in
// whole hundredths, so that used and free add up exactly.
func compute(from vitals.CPU, to vitals.Reading) (sample.Sample, error) {
	busy, err := busyHundredths(from, to.CPU)
	if err != nil {
		return sample.Sample{}, err
	}
	m := to.Memory
	if m.TotalKiB == 0 || m.TotalKiB > sample.MaxInteger || m.AvailableKiB > m.TotalKiB {
		return sample.Sample{}, fmt.Errorf("memory makes no sense: %d KiB available of %d", m.AvailableKiB, m.TotalKiB)
	}
	total, free := int64(m.TotalKiB/kibPerMiB), int64(m.AvailableKiB/kibPerMiB) //nolint:gosec // a 64-bit number divided by 1024
	return sample.Sample{
		TotalRAM:           total,
		RAMLibre:           free,
		UsoRAM:             total - free,
		PorcentajeRAM:      percent(hundredths(m.TotalKiB-m.AvailableKiB, m.TotalKiB)),
		PorcentajeCPUUso:   percent(busy),
		PorcentajeCPULibre: percent(whole - busy),
		ProcesosCorriendo:  to.States.Running,
		TotalProcesos:      to.States.Total(),
		ProcesosDurmiendo:  to.States.Sleeping,
		ProcesosZombie:     to.States.Zombie,
		ProcesosParados:    to.States.Stopped,
	}, nil
}

// busyHundredths is the share of CPU time between two readings that was not idle, in hundredths of a percent.
func busyHundredths(from, to vitals.CPU) (uint64, error) {
	if to.Total < from.Total || to.Idle < from.Idle {
		return 0, errBackwards
	}
	total, idle := to.Total-from.Total, to.Idle-from.Idle
	if total == 0 {
		return 0, errStill
	}
	if idle > total { // another counter lost what idle gained
		return 0, errBackwards
	}
	return hundredths(total-idle, total), nil
}

// hundredths is the share that part has of all, in hundredths of a percent, rounded to the nearest; part is at most
// all. Nanoseconds of many CPUs, multiplied, need more than 64 bits.
func hundredths(part, all uint64) uint64 {
	high, low := bits.Mul64(part, whole)
	low, carry := bits.Add64(low, all/2, 0)
	share, _ := bits.Div64(high+carry, low, all)
	return share
}

// percent is the number nearest to a count of hundredths; JSON prints it with at most two decimals.
func percent(hundredths uint64) float64 { return float64(hundredths) / 100 }
