//go:build guest

package guest

import (
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

type cpu struct {
	CPUs   int   `json:"cpus"`
	Total  int64 `json:"total_ns"`
	Idle   int64 `json:"idle_ns"`
	IOWait int64 `json:"iowait_ns"`
}

// slack is how far the module and /proc/stat may differ: a tick for each of eight fields, which /proc/stat cuts off, and
// the time between two readings.
const slack = 100_000_000

func (c cpu) free() int64 { return c.Idle + c.IOWait }

// busy is the share of the time between two readings that was not idle, in percent.
func busy(from, to cpu) float64 {
	return 100 * (1 - float64(to.free()-from.free())/float64(to.Total-from.Total))
}

func readCPU(t *testing.T) cpu {
	t.Helper()
	var c cpu
	readJSON(t, cpuFile, &c)
	return c
}

// readStat is the first line of /proc/stat, in the module's form.
func readStat(t *testing.T) cpu {
	t.Helper()
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(content), "\n")
	const user, idle, iowait, steal, nsPerTick = 1, 4, 5, 8, 10_000_000
	var c cpu
	for i, text := range strings.Fields(line)[:steal+1] {
		if i < user {
			continue
		}
		ticks, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		c.Total += ticks * nsPerTick
		switch i {
		case idle:
			c.Idle = ticks * nsPerTick
		case iowait:
			c.IOWait = ticks * nsPerTick
		}
	}
	return c
}

// The module and /proc/stat say the same of the same window, within a percentage point, at no, half and full load.
func TestCPU(t *testing.T) {
	load(t, "pulso_cpu", "")
	const window = 3 * time.Second
	for _, c := range []struct {
		name        string
		spinning    int
		least, most float64 // busy, in percent: the load is there (a CPU that QEMU cannot run counts no time)
	}{
		{"idle", 0, 0, 25},
		{"half", runtime.NumCPU() / 2, 25, 85},
		{"full", runtime.NumCPU(), 90, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range c.spinning {
				child(t, "spin")
			}
			stat, module := readStat(t), readCPU(t)
			time.Sleep(window) // the window that is measured
			statThen, moduleThen := readStat(t), readCPU(t)

			want, got := busy(stat, statThen), busy(module, moduleThen)
			t.Logf("busy: %.2f %%, /proc/stat %.2f %%", got, want)
			if math.Abs(got-want) > 1 {
				t.Errorf("the module says %.2f %% busy, /proc/stat %.2f %%", got, want)
			}
			if got < c.least || got > c.most {
				t.Errorf("%.2f %% busy with %d of %d CPUs spinning", got, c.spinning, runtime.NumCPU())
			}
			if module.CPUs != runtime.NumCPU() {
				t.Errorf("%d CPUs, want %d", module.CPUs, runtime.NumCPU())
			}
			if got, want := moduleThen.Total-module.Total, statThen.Total-stat.Total; max(got-want, want-got) > slack {
				t.Errorf("the CPUs spent %d ns in all, /proc/stat says %d", got, want)
			}
		})
	}
}

// Since boot, the module and /proc/stat count the same, field by field, and nothing counts backwards.
func TestCPUCounters(t *testing.T) {
	load(t, "pulso_cpu", "")
	last := readCPU(t)
	for range 50 {
		before, c, after := readStat(t), readCPU(t), readStat(t)
		for what, v := range map[string][3]int64{
			"total":  {before.Total, c.Total, after.Total},
			"idle":   {before.Idle, c.Idle, after.Idle},
			"iowait": {before.IOWait, c.IOWait, after.IOWait},
		} {
			if v[1] < v[0]-slack || v[1] > v[2]+slack {
				t.Errorf("%s is %d ns, /proc/stat said %d before and %d after", what, v[1], v[0], v[2])
			}
		}
		if c.Total < last.Total || c.free() < last.free() {
			t.Errorf("backwards: %+v after %+v", c, last)
		}
		last = c
		time.Sleep(20 * time.Millisecond)
	}
}

// A CPU that goes offline keeps what it has spent, and is not counted.
func TestCPUOffline(t *testing.T) {
	load(t, "pulso_cpu", "")
	const online = "/sys/devices/system/cpu/cpu1/online"
	turn := func(to string) {
		if err := os.WriteFile(online, []byte(to), 0); err != nil {
			t.Fatal(err)
		}
	}
	all := readCPU(t)
	turn("0")
	defer turn("1")
	one := readCPU(t)
	if one.CPUs != all.CPUs-1 {
		t.Errorf("%d CPUs of %d are online", one.CPUs, all.CPUs)
	}
	if stat := readStat(t); max(stat.Total-one.Total, one.Total-stat.Total) > slack {
		t.Errorf("%d ns in all, /proc/stat says %d", one.Total, stat.Total)
	}
}
