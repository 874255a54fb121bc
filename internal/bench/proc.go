package bench

import (
	"time"

	"github.com/prometheus/procfs"
)

// CPU is the CPU time that a process has used, in steps of 10 ms.
func CPU(pid int) (time.Duration, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, err
	}
	stat, err := process.Stat()
	return seconds(stat.CPUTime()), err
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
