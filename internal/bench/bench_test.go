package bench

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

func TestPercentile(t *testing.T) {
	var latencies []time.Duration
	for i := 200; i > 0; i-- {
		latencies = append(latencies, time.Duration(i))
	}
	for p, want := range map[int]time.Duration{50: 100, 99: 198, 100: 200} {
		if got := Percentile(latencies, p); got != want {
			t.Errorf("p%d is %d, want %d", p, got, want)
		}
	}
	if got := Percentile([]time.Duration{7}, 99); got != 7 {
		t.Errorf("of one: %d", got)
	}
}

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{2: {3, 1, 2}, 2.5: {4, 1, 3, 2}, 7: {7}} {
		if got := Median(values); got != want {
			t.Errorf("of %v: %v", values, got)
		}
	}
}

// A process that has worked and waits to be reaped, and this one.
func TestCPU(t *testing.T) {
	cmd := exec.Command("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	process, err := procfs.NewProc(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	stat, err := process.Stat()
	for err == nil && stat.State != "Z" {
		time.Sleep(time.Millisecond)
		stat, err = process.Stat()
	}
	if err != nil {
		t.Fatal(err)
	}
	used, err := CPU(cmd.Process.Pid)
	// /proc cuts user and system time to 10 ms each.
	if by := used - seconds(stat.CPUTime()); err != nil || by < 0 || by > 20*time.Millisecond || used < 20*time.Millisecond {
		t.Errorf("%v, where /proc has %v s, %v", used, stat.CPUTime(), err)
	}
	if used, err := CPU(os.Getpid()); err != nil || used <= 0 {
		t.Errorf("this process: %v, %v", used, err)
	}
	if _, err := CPU(1 << 22); err == nil {
		t.Error("a process that cannot be has a clock")
	}
}
