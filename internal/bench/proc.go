package bench

import (
	"fmt"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// CPU is the CPU time that a process has used, user and system, by its own clock: /proc has it in steps of 10 ms only.
func CPU(pid int) (time.Duration, error) {
	const sched = 2 // what is counted: the time that the scheduler gave it, of all threads, also those that have ended
	var used unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &used); err != nil { //nolint:gosec // a pid has 22 bits
		return 0, fmt.Errorf("the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(used.Nano()), nil
}

// Held is what a process holds.
type Held struct {
	Resident    uint64 // bytes of memory
	Most        uint64 // bytes of memory that it has held at once so far
	Threads     int
	Descriptors int
}

// Holds looks at a process.
func Holds(pid int) (Held, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return Held{}, err
	}
	status, err := process.NewStatus()
	if err != nil {
		return Held{}, err
	}
	stat, err := process.Stat()
	if err != nil {
		return Held{}, err
	}
	descriptors, err := process.FileDescriptorsLen()
	return Held{Resident: status.VmRSS, Most: status.VmHWM, Threads: stat.NumThreads, Descriptors: descriptors}, err
}

// MachineCPU is the CPU time that was used since the boot, and all of it.
func MachineCPU() (busy, total time.Duration, err error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return 0, 0, err
	}
	stat, err := fs.Stat()
	t := stat.CPUTotal
	used := t.User + t.Nice + t.System + t.IRQ + t.SoftIRQ + t.Steal
	return seconds(used), seconds(used + t.Idle + t.Iowait), err
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
