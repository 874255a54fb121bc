//go:build guest

package kernel

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"

	prometheus "github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

// BenchmarkCounts is what counting the processes by state costs, three ways. kernel/bench runs it in a guest whose clock
// counts instructions.
func BenchmarkCounts(b *testing.B) {
	source := New(Paths{Procs: "/proc/pulso_procs"})
	defer source.Close()
	library, err := prometheus.NewFS("/proc")
	if err != nil {
		b.Fatal(err)
	}
	for _, way := range []struct {
		name  string
		count func() (vitals.States, error)
	}{
		{"module", func() (vitals.States, error) { return parse(&source.procs, parseStates) }},
		{"scan", scan},
		{"library", func() (vitals.States, error) { return scanWithLibrary(library) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				states, err := way.count()
				if err != nil || states.Total() < 10 {
					b.Fatal(states, err)
				}
			}
		})
	}
}

// scan is the lean way in Go without a module: no os.File, no splitting, one buffer.
func scan() (states vitals.States, err error) {
	folder, err := os.Open("/proc")
	if err != nil {
		return states, err
	}
	defer func() { _ = folder.Close() }() // nothing was written
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return states, err
	}
	buffer := make([]byte, 1024)
	for _, name := range names {
		if _, err := strconv.Atoi(name); err != nil {
			continue
		}
		fd, err := unix.Open("/proc/"+name+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue // it has gone
		}
		n, err := unix.Read(fd, buffer)
		_ = unix.Close(fd)
		if err != nil {
			continue // it has gone
		}
		end := bytes.LastIndexByte(buffer[:n], ')')
		if end < 0 || end+2 >= n {
			return states, fmt.Errorf("%q", buffer[:n])
		}
		states.Add(buffer[end+2])
	}
	return states, nil
}

// scanWithLibrary is how most programs in Go do it.
func scanWithLibrary(fs prometheus.FS) (states vitals.States, err error) {
	processes, err := fs.AllProcs()
	if err != nil {
		return states, err
	}
	for _, process := range processes {
		stat, err := process.Stat()
		if err != nil {
			continue // it has gone
		}
		states.Add(stat.State[0])
	}
	return states, nil
}
