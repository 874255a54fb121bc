package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// Describe prints what the figures depend on, and warns of what would spoil them.
func Describe(say Printf, dir string) error {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return err
	}
	average, err := fs.LoadAvg()
	if err != nil {
		return err
	}
	idle, err := othersBusy(time.Second)
	if err != nil {
		return err
	}
	sync, err := fsync(filepath.Join(dir, "fsync"))
	if err != nil {
		return err
	}
	say("%d CPUs, load average %.2f, %.0f %% of the CPU time in use; an fsync in %s takes %.2f ms\n",
		runtime.NumCPU(), average.Load1, idle, dir, sync.Seconds()*1000)
	if idle > 5 {
		say("WARNING: something else is running on this machine\n")
	}
	if memory, err := inMemory(dir); err != nil || memory {
		say("WARNING: %s is in memory, where an fsync costs nothing: set TMPDIR to a folder on a disk\n", dir)
		return err
	}
	return nil
}

// othersBusy is the CPU time that is used while this program waits, in percent of the machine's.
func othersBusy(d time.Duration) (float64, error) {
	busy, machine, err := MachineCPU()
	if err != nil {
		return 0, err
	}
	time.Sleep(d)
	busyThen, machineThen, err := MachineCPU()
	return 100 * (busyThen - busy).Seconds() / (machineThen - machine).Seconds(), err
}

// fsync is how long the disk takes for one, as the median of many.
func fsync(path string) (time.Duration, error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	took := make([]time.Duration, 101)
	for i := range took {
		if _, err := file.Write(make([]byte, 512)); err != nil {
			return 0, err
		}
		began := time.Now()
		if err := file.Sync(); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// inMemory says whether a folder is on a tmpfs.
func inMemory(dir string) (bool, error) {
	const tmpfs = 0x01021994
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return false, fmt.Errorf("the file system of %s: %w", dir, err)
	}
	return fs.Type == tmpfs, nil
}
