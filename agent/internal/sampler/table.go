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

// Table is the processes of one sample. It is made when somebody first asks, and sorted at most once in each order:
// most samples are never asked for their table.
type Table struct {
	ByCPU func() []Process // most CPU first; callers must not change it
	ByRAM func() []Process // most resident memory first; callers must not change it
}

// life names a process: pids come back, a pid with its start does not. Where a source does not know the start (it is
// 0), the pid alone must do.
type life struct {
	pid   int
	start uint64
}

// newTable is the table of the window between two scans, and nil where one of them was not made.
func newTable(from, to []vitals.Process, window time.Duration) *Table {
	if from == nil || to == nil {
		return nil
	}
	rows := sync.OnceValue(func() []Process { return compare(from, to, window) })
	return &Table{
		ByCPU: sync.OnceValue(func() []Process {
			return sorted(rows(), func(a, b Process) int { return cmp.Compare(b.PorcentajeCPU, a.PorcentajeCPU) })
		}),
		ByRAM: sync.OnceValue(func() []Process {
			return sorted(rows(), func(a, b Process) int { return cmp.Compare(b.RSSKiB, a.RSSKiB) })
		}),
	}
}

// compare makes the rows of the processes that are in the second scan.
func compare(from, to []vitals.Process, window time.Duration) []Process {
	before := make(map[life]uint64, len(from))
	for _, p := range from {
		before[life{p.PID, p.Start}] = p.CPU
	}
	rows := make([]Process, len(to))
	for i, p := range to {
		rows[i] = Process{
			PID: p.PID, Nombre: p.Name, Estado: string(rune(p.State)),
			PorcentajeCPU: cpuPercent(used(before, p), window), RSSKiB: p.RSSKiB,
		}
	}
	return rows
}

// used is the CPU time that a process has had since the scan whose times are in before. All of it belongs to the window
// when the process was born in the window: it was not in that scan, or, where lives are told by pids alone, its time
// went down.
func used(before map[life]uint64, p vitals.Process) uint64 {
	then := before[life{p.PID, p.Start}]
	switch {
	case p.CPU >= then:
		return p.CPU - then
	case p.Start == 0:
		return p.CPU
	default: // the same process: the kernel's rounding
		return 0
	}
}

// cpuPercent is CPU time in a window, in percent of one CPU with two decimals.
func cpuPercent(ns uint64, window time.Duration) float64 {
	return math.Round(float64(ns)/float64(window)*whole) / 100
}

// sorted is a copy of rows in an order; equal rows follow in order of pid.
func sorted(rows []Process, order func(a, b Process) int) []Process {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b Process) int { return cmp.Or(order(a, b), cmp.Compare(a.PID, b.PID)) })
	return rows
}
