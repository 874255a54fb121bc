package sampler

import (
	"slices"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

func TestTable(t *testing.T) {
	from := []vitals.Process{
		{PID: 1, Start: 10, CPUTicks: 1000},
		{PID: 2, Start: 10, CPUTicks: 50},
		{PID: 3, Start: 20, CPUTicks: 9000}, // ends; its pid comes back
		{PID: 5, Start: 30, CPUTicks: 80},
		{PID: 9, Start: 30, CPUTicks: 80}, // ends for good
	}
	to := []vitals.Process{
		{PID: 5, Start: 30, CPUTicks: 79, State: 'S'},               // ran backwards by a tick
		{PID: 1, Start: 10, CPUTicks: 1400, State: 'R', RSSKiB: 10}, // two busy threads
		{PID: 2, Start: 10, CPUTicks: 50, State: 'Z'},
		{PID: 3, Start: 7000, CPUTicks: 30, State: 'T', Name: "new", RSSKiB: 500},
		{PID: 4, Start: 7001, CPUTicks: 1, State: 'S', RSSKiB: 500},
	}
	table := newTable(from, to, 2*time.Second)

	cpu := []Process{
		{1, "", "R", 200, 10}, {3, "new", "T", 15, 500}, {4, "", "S", 0.5, 500}, {2, "", "Z", 0, 0}, {5, "", "S", 0, 0},
	}
	if got := table.ByCPU(); !slices.Equal(got, cpu) {
		t.Errorf("by CPU\n%+v, want\n%+v", got, cpu)
	}
	ram := []Process{cpu[1], cpu[2], cpu[0], cpu[3], cpu[4]}
	if got := table.ByRAM(); !slices.Equal(got, ram) {
		t.Errorf("by RAM\n%+v, want\n%+v", got, ram)
	}
	if got := table.ByCPU(); !slices.Equal(got, cpu) {
		t.Errorf("sorting by RAM changed the order by CPU:\n%+v", got)
	}
}

func TestCPUPercent(t *testing.T) {
	for _, c := range []struct {
		ticks  uint64
		window time.Duration
		want   float64
	}{
		{0, time.Second, 0},
		{100, time.Second, 100},
		{1, 3 * time.Second, 0.33},
		{2, 3 * time.Second, 0.67},
		{1, 100 * time.Millisecond, 10},
		{6400, time.Second, 6400},
	} {
		if got := cpuPercent(c.ticks, c.window); got != c.want {
			t.Errorf("%d ticks in %s: %v, want %v", c.ticks, c.window, got, c.want)
		}
	}
}
