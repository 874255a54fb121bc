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

// A tick is the unit of /proc/stat. It cuts each of its eight fields off to one, so the module may say that much more.
const (
	tick  = 10_000_000
	slack = 8 * tick
)

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
	const user, idle, iowait, steal = 1, 4, 5, 8
	var c cpu
	for i, text := range strings.Fields(line)[:steal+1] {
		if i < user {
			continue
		}
		ticks, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		c.Total += ticks * tick
		switch i {
		case idle:
			c.Idle = ticks * tick
		case iowait:
			c.IOWait = ticks * tick
		}
	}
	return c
}

// readBoth reads the module and /proc/stat at one moment: one in which /proc/stat hardly moved. QEMU may be stopped at
// any moment by whatever else its machine does.
func readBoth(t *testing.T) (module, stat cpu) {
	t.Helper()
	await(t, "/proc/stat stands still for a reading", func() bool {
		before := readStat(t)
		module = readCPU(t)
		stat = readStat(t)
		return stat.Total-before.Total <= 2*tick
	})
	return module, stat
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
			module, stat := readBoth(t)
			time.Sleep(window) // the window that is measured
			moduleThen, statThen := readBoth(t)

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
			if got, want := moduleThen.Total-module.Total, statThen.Total-stat.Total; max(got-want, want-got) > slack+2*tick {
				t.Errorf("the CPUs spent %d ns in all, /proc/stat says %d", got, want)
			}
		})
	}
}

// Since boot, the module and /proc/stat count the same, field by field, and nothing counts backwards.
func TestCPUCounters(t *testing.T) {
	load(t, "pulso_cpu", "")
	var last cpu
	for range 50 {
		module, stat := readBoth(t)
		for what, v := range map[string][2]int64{
			"total": {module.Total, stat.Total}, "idle": {module.Idle, stat.Idle}, "iowait": {module.IOWait, stat.IOWait},
		} {
			if v[0] < v[1]-2*tick || v[0] > v[1]+slack {
				t.Errorf("%s is %d ns, /proc/stat says %d", what, v[0], v[1])
			}
		}
		if module.Total < last.Total || module.free() < last.free() {
			t.Errorf("backwards: %+v after %+v", module, last)
		}
		last = module
		time.Sleep(20 * time.Millisecond)
	}
}

// A CPU that goes offline is not counted; the time that it has spent is, as in /proc/stat.
func TestCPUOffline(t *testing.T) {
	load(t, "pulso_cpu", "")
	turn := func(to string) {
		if err := os.WriteFile("/sys/devices/system/cpu/cpu1/online", []byte(to), 0); err != nil {
			t.Fatal(err)
		}
	}
	all := readCPU(t)
	turn("0")
	defer turn("1")
	one, stat := readBoth(t)
	if one.CPUs != all.CPUs-1 {
		t.Errorf("%d CPUs of %d are online", one.CPUs, all.CPUs)
	}
	if one.Total < stat.Total-2*tick || one.Total > stat.Total+slack {
		t.Errorf("%d ns in all, /proc/stat says %d", one.Total, stat.Total)
	}
}
