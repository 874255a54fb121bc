package procfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
	"github.com/pulso-lab/pulso/internal/sample"
)

func TestReadFixture(t *testing.T) {
	got := read(t, "testdata/proc")

	// guest (400 and 20) is inside user and nice, and not counted again
	idle := uint64(229245 + 555)
	if want := (vitals.CPU{Total: (30860 + 120 + 5079 + idle + 7 + 266 + 531) * nsPerTick, Idle: idle * nsPerTick}); got.CPU != want {
		t.Errorf("CPU %+v, want %+v", got.CPU, want)
	}
	if want := (vitals.Memory{TotalKiB: 24682416, AvailableKiB: 24265500}); got.Memory != want {
		t.Errorf("memory %+v, want %+v", got.Memory, want)
	}
	// S 2, I, D, P and one letter that nobody knows sleep; Z and X; T and t; process 4242 has gone
	if want := (vitals.States{Running: 1, Sleeping: 6, Zombie: 2, Stopped: 2}); got.States != want {
		t.Errorf("states %+v, want %+v", got.States, want)
	}
	if got.States.Total() != int64(len(got.Processes)) {
		t.Errorf("the states add up to %d, there are %d processes", got.States.Total(), len(got.Processes))
	}
	want := vitals.Process{PID: 701, Start: 9001, Name: "x) (y z", State: 'R', CPU: 1520 * nsPerTick, RSSKiB: 512 * kibPerPage}
	if !slices.Contains(got.Processes, want) {
		t.Errorf("no %+v in %+v", want, got.Processes)
	}
	if got.Fuente != sample.FuenteProcfs {
		t.Errorf("fuente %q", got.Fuente)
	}
}

// The fixture with one thing broken fails as a whole, and says what.
func TestReadFails(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(root string) error
		want   string
	}{
		"no stat":          {remove("stat"), "read CPU"},
		"no CPU line":      {write("stat", "ctxt 1\n"), "no line for all CPUs"},
		"CPU not a number": {write("stat", "cpu x y z\n"), "read CPU"},
		"no meminfo":       {remove("meminfo"), "read memory"},
		"old kernel":       {write("meminfo", "MemTotal: 1024 kB\n"), "lacks MemTotal or MemAvailable"},
		"torn line":        {write("703/stat", "703 (vim"), "process 703: stat has no name"},
		"empty line":       {write("703/stat", ""), "process 703: EOF"},
		"hidden processes": {remove("1/stat"), "hidepid"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			if err := os.CopyFS(root, os.DirFS("testdata/proc")); err != nil {
				t.Fatal(err)
			}
			source, err := New(root)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.breaks(root); err != nil {
				t.Fatal(err)
			}
			if _, err := source.Read(false); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestNewNeedsAProcfs(t *testing.T) {
	empty := t.TempDir()
	for _, root := range []string{filepath.Join(empty, "absent"), empty} {
		if _, err := New(root); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: error %v", root, err)
		}
	}
}

func remove(path string) func(string) error {
	return func(root string) error { return os.Remove(filepath.Join(root, path)) }
}

func write(path, text string) func(string) error {
	return func(root string) error { return os.WriteFile(filepath.Join(root, path), []byte(text), 0o600) }
}

func read(t testing.TB, root string) vitals.Reading {
	t.Helper()
	source, err := New(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := source.Read(false)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func BenchmarkReadHost(b *testing.B) {
	source, err := New("/proc")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := source.Read(false); err != nil {
			b.Fatal(err)
		}
	}
}
