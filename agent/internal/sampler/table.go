package sampler

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

// Process is one row of the process table.
type Process struct {
	PID           int     `json:"pid"`
	Nombre        string  `json:"nombre"`
	Estado        string  `json:"estado"`         // the kernel's letter
	PorcentajeCPU float64 `json:"porcentaje_cpu"` // of one CPU during the window, two decimals; two busy threads have 200
	RSSKiB        uint64  `json:"rss_kib"`        // resident memory
}

// Table is the processes of one sample. It is sorted when somebody first asks, at most once in each order: most
// samples are never asked for their table.
type Table struct {
	ByCPU func() []Process // most CPU first; callers must not change it
	ByRAM func() []Process // most resident memory first; callers must not change it
}

// life names a process: pids come back, a pid with its start does not.
type life struct {
	pid   int
	start uint64
}

// newTable makes the table of the window between two scans. A process that was not in the first scan was born
// during the window, so all its CPU time belongs to it.
func newTable(from, to []vitals.Process, window time.Duration) *Table {
	before := make(map[life]uint64, len(from))
	for _, p := range from {
		before[life{p.PID, p.Start}] = p.CPUTicks
	}
	rows := make([]Process, len(to))
	for i, p := range to {
		used := p.CPUTicks - min(before[life{p.PID, p.Start}], p.CPUTicks)
		rows[i] = Process{
			PID: p.PID, Nombre: p.Name, Estado: string(rune(p.State)),
			PorcentajeCPU: cpuPercent(used, window), RSSKiB: p.RSSKiB,
		}
	}
	return &Table{
		ByCPU: sync.OnceValue(func() []Process {
			return sorted(rows, func(a, b Process) int { return cmp.Compare(b.PorcentajeCPU, a.PorcentajeCPU) })
		}),
		ByRAM: sync.OnceValue(func() []Process {
			return sorted(rows, func(a, b Process) int { return cmp.Compare(b.RSSKiB, a.RSSKiB) })
		}),
	}
}

// cpuPercent is ticks of CPU time in a window, in percent of one CPU with two decimals.
func cpuPercent(ticks uint64, window time.Duration) float64 {
	seconds := float64(ticks) / vitals.TicksPerSecond
	return math.Round(seconds/window.Seconds()*whole) / 100
}

// sorted is a copy of rows in an order; equal rows follow in order of pid.
func sorted(rows []Process, order func(a, b Process) int) []Process {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b Process) int { return cmp.Or(order(a, b), cmp.Compare(a.PID, b.PID)) })
	return rows
}
