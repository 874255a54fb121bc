// Package vitals is what a source reads from a VM at one moment: raw counters, before any arithmetic.
//
// It exists so that sources and the sampler need not know each other. Counters stay counters here: a percentage needs
// two readings, and only the sampler has two. CPU time is in nanoseconds, the finest that any source has.
package vitals

// Reading is the state of a VM at one moment.
type Reading struct {
	CPU       CPU
	Memory    Memory
	States    States
	Processes []Process // thread-group leaders, in no order; nil where the source was not asked for them
	Fuente    string    // where the numbers come from: sample.FuenteKernel or sample.FuenteProcfs
}

// CPU is the time that all CPUs together have spent since boot, in nanoseconds. Only readings of one source can be
// compared.
type CPU struct {
	Total uint64 // everything, idle included
	Idle  uint64 // idle and iowait: a CPU that waits for a disk could do other work
}

// Memory is the RAM of the VM in KiB.
type Memory struct {
	TotalKiB     uint64
	AvailableKiB uint64 // what programs could still get without swapping, the kernel's MemAvailable
}

// Process is one thread-group leader.
type Process struct {
	PID    int
	Start  uint64 // with PID it names a process, since pids come back; 0 where the source does not know it
	Name   string // the kernel's comm: at most 15 bytes for a program, any byte but NUL
	State  byte   // the kernel's letter
	CPU    uint64 // user and system time of all its threads since it started, in nanoseconds
	RSSKiB uint64 // resident memory; 0 for kernel threads and zombies
}

// States counts processes by what they are doing.
type States struct{ Running, Sleeping, Zombie, Stopped int64 }

// Add counts one process whose state is the kernel's letter. A letter that is not known here, from a kernel newer
// than this program, counts as sleeping, the state of nearly every process: the four counts then still add up to
// all processes, and no process is reported as trouble that is not known to be.
func (s *States) Add(letter byte) {
	switch letter {
	case 'R':
		s.Running++
	case 'Z', 'X':
		s.Zombie++
	case 'T', 't':
		s.Stopped++
	default: // S, D, I, P
		s.Sleeping++
	}
}

// Total is the number of processes counted.
func (s States) Total() int64 { return s.Running + s.Sleeping + s.Zombie + s.Stopped }
