// Package procfs is the source that every kernel has: the text files of /proc.
//
// The root is a parameter, so that a container reads its host's procfs and a test reads captured text.
// prometheus/procfs reads CPU, memory and the list of processes. A process's own line is parsed here: the library
// scans all 42 fields with fmt, which costs two to four times as much, for every process and sample, on the very VM that
// is being measured, and it panics on a line that ends at the name. Six fields are needed.
//
// A scan is no snapshot: processes come and go while it runs, and one that goes is left out.
package procfs

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	prometheus "github.com/prometheus/procfs"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
	"github.com/pulso-lab/pulso/internal/sample"
)

// errHidden is why a scan without pid 1 is refused: a mount with hidepid shows an unprivileged program only its own
// processes, and counts of those would be wrong without looking wrong.
var errHidden = errors.New("pid 1 is not to be seen: processes are hidden from this user (hidepid), or this is not the procfs of a whole system")

// The unit of the CPU times that the kernel shows to programs is USER_HZ, 100 a second on every architecture that Go
// runs on, whatever the kernel's own HZ.
const (
	ticksPerSecond = 100
	nsPerTick      = 1_000_000_000 / ticksPerSecond
)

// Source reads one procfs. It is not safe for concurrent use.
type Source struct {
	root string
	fs   prometheus.FS
	line []byte // one process's line, reused
}

// New reads the procfs mounted at root, normally /proc.
func New(root string) (*Source, error) {
	procs, err := prometheus.NewFS(root)
	if err == nil {
		_, err = os.Stat(filepath.Join(root, "stat"))
	}
	if err != nil {
		return nil, fmt.Errorf("procfs: %w", err)
	}
	return &Source{root: root, fs: procs, line: make([]byte, 1024)}, nil
}

// Read reads counters, memory and all processes. It fails as a whole: a sample with a part missing is none. The process
// table is always there, whether it is wanted or not: to count the processes it must be read.
func (s *Source) Read(bool) (vitals.Reading, error) {
	stat, err := s.fs.Stat()
	if err != nil {
		return vitals.Reading{}, fmt.Errorf("read CPU: %w", err)
	}
	cpu, err := cpuOf(stat.CPUTotal)
	if err != nil {
		return vitals.Reading{}, fmt.Errorf("read CPU: %w", err)
	}
	info, err := s.fs.Meminfo()
	if err != nil {
		return vitals.Reading{}, fmt.Errorf("read memory: %w", err)
	}
	memory, err := memoryOf(info)
	if err != nil {
		return vitals.Reading{}, fmt.Errorf("read memory: %w", err)
	}
	processes, err := s.scan()
	if err != nil {
		return vitals.Reading{}, fmt.Errorf("read processes: %w", err)
	}
	var states vitals.States
	for _, p := range processes {
		states.Add(p.State)
	}
	return vitals.Reading{
		CPU: cpu, Memory: memory, States: states, Processes: processes, Fuente: sample.FuenteProcfs,
	}, nil
}

// cpuOf adds up the first line of /proc/stat. Time spent on guests is inside user and nice already.
func cpuOf(c prometheus.CPUStat) (vitals.CPU, error) {
	idle := nanoseconds(c.Idle) + nanoseconds(c.Iowait)
	total := idle + nanoseconds(c.User) + nanoseconds(c.Nice) + nanoseconds(c.System) +
		nanoseconds(c.IRQ) + nanoseconds(c.SoftIRQ) + nanoseconds(c.Steal)
	if total == 0 {
		return vitals.CPU{}, errors.New("stat has no line for all CPUs")
	}
	return vitals.CPU{Total: total, Idle: idle}, nil
}

// nanoseconds undoes the library's division of ticks into seconds, and is exact.
func nanoseconds(seconds float64) uint64 {
	return uint64(math.Round(seconds*ticksPerSecond)) * nsPerTick
}

func memoryOf(m prometheus.Meminfo) (vitals.Memory, error) {
	if m.MemTotal == nil || m.MemAvailable == nil {
		return vitals.Memory{}, errors.New("meminfo lacks MemTotal or MemAvailable (Linux 3.14 and later have both)")
	}
	return vitals.Memory{TotalKiB: *m.MemTotal, AvailableKiB: *m.MemAvailable}, nil
}

// scan reads every process that is there from beginning to end.
func (s *Source) scan() ([]vitals.Process, error) {
	procs, err := s.fs.AllProcs()
	if err != nil {
		return nil, err
	}
	processes := make([]vitals.Process, 0, len(procs))
	hidden := true
	for _, proc := range procs {
		line, err := s.readStat(proc.PID)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", proc.PID, err)
		}
		p, err := parseStat(line)
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", proc.PID, err)
		}
		hidden = hidden && p.PID != 1
		processes = append(processes, p)
	}
	if hidden {
		return nil, errHidden
	}
	return processes, nil
}

// gone says that a process ended between the listing and its turn: its folder has gone (ENOENT), or the file was
// opened just before (ESRCH).
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// readStat returns a process's line, valid until the next call. The kernel gives all of it to one read that has
// room, and 52 numbers with a name have at most some 1,000 bytes.
func (s *Source) readStat(pid int) ([]byte, error) {
	file, err := os.Open(filepath.Join(s.root, strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	n, err := file.Read(s.line)
	if err != nil {
		return nil, err
	}
	return s.line[:n], nil
}
