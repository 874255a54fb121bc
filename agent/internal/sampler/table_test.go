package sampler

import (
	"slices"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

// tick is procfs' unit of CPU time.
const tick = 10_000_000

func TestTable(t *testing.T) {
	from := []vitals.Process{
		{PID: 1, Start: 10, CPU: 1000 * tick},
		{PID: 2, Start: 10, CPU: 50 * tick},
		{PID: 3, Start: 20, CPU: 9000 * tick}, // ends; its pid comes back
		{PID: 5, Start: 30, CPU: 80 * tick},
		{PID: 9, Start: 30, CPU: 80 * tick}, // ends for good
	}
	to := []vitals.Process{
		{PID: 5, Start: 30, CPU: 79 * tick, State: 'S'},               // ran backwards by a tick
		{PID: 1, Start: 10, CPU: 1400 * tick, State: 'R', RSSKiB: 10}, // two busy threads
		{PID: 2, Start: 10, CPU: 50 * tick, State: 'Z'},
		{PID: 3, Start: 7000, CPU: 30 * tick, State: 'T', Name: "new", RSSKiB: 500},
		{PID: 4, Start: 7001, CPU: 1 * tick, State: 'S', RSSKiB: 500},
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

// Where no start is known, a pid is a life, and a time that went down is another's.
func TestTableWithoutStarts(t *testing.T) {
	from := []vitals.Process{{PID: 1, CPU: 7e9}, {PID: 2, CPU: 5e9}, {PID: 3, CPU: 1e9}}
	to := []vitals.Process{{PID: 1, CPU: 7e9 + 1e8}, {PID: 2, CPU: 3e8}, {PID: 3, CPU: 1e9}, {PID: 4, CPU: 2e8}}
	want := []Process{{PID: 2, PorcentajeCPU: 30}, {PID: 4, PorcentajeCPU: 20}, {PID: 1, PorcentajeCPU: 10}, {PID: 3}}
	for i := range want {
		want[i].Estado = "\x00"
	}
	if got := newTable(from, to, time.Second).ByCPU(); !slices.Equal(got, want) {
		t.Errorf("by CPU\n%+v, want\n%+v", got, want)
	}
}

func TestCPUPercent(t *testing.T) {
	for _, c := range []struct {
		ns     uint64
		window time.Duration
		want   float64
	}{
		{0, time.Second, 0},
		{1e9, time.Second, 100},
		{1e7, 3 * time.Second, 0.33},
		{2e7, 3 * time.Second, 0.67},
		{1e7, 100 * time.Millisecond, 10},
		{49_999, time.Second, 0},
		{50_000, time.Second, 0.01},
		{64e9, time.Second, 6400},
	} {
		if got := cpuPercent(c.ns, c.window); got != c.want {
			t.Errorf("%d ns in %s: %v, want %v", c.ns, c.window, got, c.want)
		}
	}
}
