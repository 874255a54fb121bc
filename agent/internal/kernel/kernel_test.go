package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
	"github.com/pulso-lab/pulso/internal/sample"
)

// The tests here read plain files in place of the modules'. What only the modules do, to fail with EIO once they have
// gone, is done by a pread that fails.

func pathsIn(folder string) Paths {
	in := func(name string) string { return filepath.Join(folder, name) }
	return Paths{CPU: in("pulso_cpu"), RAM: in("pulso_ram"), Procs: in("pulso_procs"), Table: in("pulso_proctable")}
}

// modules is a folder with a copy of a fixture, and a source that reads it.
func modules(t testing.TB, read pread) (string, *Source) {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("testdata/6.1")); err != nil {
		t.Fatal(err)
	}
	s := newSource(pathsIn(folder), read)
	t.Cleanup(s.Close)
	return folder, s
}

func mustRead(t *testing.T, s *Source, table bool) vitals.Reading {
	t.Helper()
	r, err := s.Read(table)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What the modules of each kernel wrote.
func TestFixtures(t *testing.T) {
	for _, kernel := range []string{"6.1", "6.12"} {
		t.Run(kernel, func(t *testing.T) {
			s := New(pathsIn(filepath.Join("testdata", kernel)))
			defer s.Close()
			r := mustRead(t, s, true)
			if r.Fuente != sample.FuenteKernel || r.CPU.Idle == 0 || r.CPU.Total <= r.CPU.Idle ||
				r.Memory.AvailableKiB == 0 || r.Memory.TotalKiB <= r.Memory.AvailableKiB {
				t.Errorf("%q %+v %+v", r.Fuente, r.CPU, r.Memory)
			}
			checkTable(t, r)
		})
	}
}

// checkTable holds a table against the counts, which were read a moment earlier.
func checkTable(t *testing.T, r vitals.Reading) {
	t.Helper()
	var states vitals.States
	for _, p := range r.Processes {
		states.Add(p.State)
	}
	if d := states.Total() - r.States.Total(); d < -3 || d > 3 || states.Zombie != r.States.Zombie || states.Stopped != r.States.Stopped {
		t.Errorf("the counts are %+v, the table has %+v", r.States, states)
	}
	byPID := func(pid int) func(vitals.Process) bool { return func(p vitals.Process) bool { return p.PID == pid } }
	if i := slices.IndexFunc(r.Processes, byPID(1)); i < 0 || r.Processes[i].RSSKiB == 0 || r.Processes[i].CPU == 0 {
		t.Errorf("pid 1 is not what it is: %+v", r.Processes)
	}
	if i := slices.IndexFunc(r.Processes, byPID(2)); i < 0 || r.Processes[i].Name != "kthreadd" || r.Processes[i].RSSKiB != 0 {
		t.Errorf("pid 2 is not kthreadd: %+v", r.Processes)
	}
}

func TestTableOnlyWhereWanted(t *testing.T) {
	_, s := modules(t, unix.Pread)
	if r := mustRead(t, s, false); r.Processes != nil || r.States.Total() == 0 {
		t.Errorf("%+v", r)
	}
	if r := mustRead(t, s, true); int64(len(r.Processes)) != r.States.Total() {
		t.Errorf("%+v", r)
	}
}

func TestReadAllocatesNothing(t *testing.T) {
	_, s := modules(t, unix.Pread)
	mustRead(t, s, false)
	if allocations := testing.AllocsPerRun(100, func() { mustRead(t, s, false) }); allocations != 0 {
		t.Errorf("a reading allocates %v times", allocations)
	}
}

// A read may be interrupted, and give less than there is.
func TestShortReads(t *testing.T) {
	var calls int
	_, s := modules(t, func(fd int, p []byte, offset int64) (int, error) {
		if calls++; calls%3 == 0 {
			return 0, unix.EINTR
		}
		return unix.Pread(fd, p[:min(len(p), 7)], offset)
	})
	_, whole := modules(t, unix.Pread)
	got, want := mustRead(t, s, true), mustRead(t, whole, true)
	if got.CPU != want.CPU || got.Memory != want.Memory || got.States != want.States || !slices.Equal(got.Processes, want.Processes) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A table comes in pages, and may grow from one reading to the next, and shrink.
func TestLongTable(t *testing.T) {
	folder, s := modules(t, func(fd int, p []byte, offset int64) (int, error) {
		return unix.Pread(fd, p[:min(len(p), page)], offset)
	})
	for _, n := range []int{20_000, 3, 50_000} {
		var text bytes.Buffer
		for pid := 1; pid <= n; pid++ {
			fmt.Fprintf(&text, "%d 1 S %d %d p%d\n", pid, pid*1000, pid%4096, pid)
		}
		write(t, folder, "pulso_proctable", text.String())
		r := mustRead(t, s, true)
		last := vitals.Process{PID: n, Name: fmt.Sprintf("p%d", n), State: 'S', CPU: uint64(n) * 1000, RSSKiB: uint64(n) % 4096}
		if len(r.Processes) != n || r.Processes[n-1] != last {
			t.Errorf("%d processes, the last is %+v, want %d and %+v", len(r.Processes), r.Processes[len(r.Processes)-1], n, last)
		}
	}
}

// The files of one module that has gone: the reading says so, and goes on as soon as it is back.
func TestAbsent(t *testing.T) {
	for _, name := range []string{"pulso_cpu", "pulso_ram", "pulso_procs", "pulso_proctable"} {
		for _, wanted := range []bool{false, true} {
			folder, s := modules(t, unix.Pread)
			s.Close()
			away := filepath.Join(folder, "away")
			if err := os.Rename(filepath.Join(folder, name), away); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, err := s.Read(wanted); !errors.Is(err, ErrAbsent) || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), name) {
					t.Errorf("without %s: %v", name, err)
				}
			}
			if err := os.Rename(away, filepath.Join(folder, name)); err != nil {
				t.Fatal(err)
			}
			mustRead(t, s, wanted)
		}
	}
}

// What is there and cannot be read is as good as absent; nothing here may hang.
func TestUnreadable(t *testing.T) {
	for what, put := range map[string]func(path string) error{
		"a pipe":   func(path string) error { return unix.Mkfifo(path, 0o600) },
		"a folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"a loop":   func(path string) error { return os.Symlink(path, path) },
		"a device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"memory":   func(path string) error { return os.Symlink("/proc/self/mem", path) }, // EIO at offset 0
	} {
		folder, s := modules(t, unix.Pread)
		path := filepath.Join(folder, "pulso_ram")
		if err := errors.Join(os.Remove(path), put(path)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(false); !errors.Is(err, ErrAbsent) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A descriptor that died with its module is opened once more, and finds the module that has come back, or has not.
func TestDeadDescriptor(t *testing.T) {
	for _, death := range []error{unix.EIO, unix.ENOENT, unix.ESTALE, nil} { // nil: it gives nothing
		dead := map[int]bool{} // until it was read: the next descriptor may have the same number
		folder, s := modules(t, func(fd int, p []byte, offset int64) (int, error) {
			if dead[fd] {
				delete(dead, fd)
				return 0, death
			}
			return unix.Pread(fd, p, offset)
		})
		mustRead(t, s, true)
		for _, f := range []*file{&s.cpu, &s.ram, &s.procs} { // and the table, which is closed with procs
			dead[f.fd] = true
		}
		replace(t, folder, "pulso_ram", `{"total_kib":9,"free_kib":1,"available_kib":2}`+"\n")
		if r := mustRead(t, s, true); r.Memory.TotalKiB != 9 || len(dead) > 0 || s.table.opened != 2 {
			t.Errorf("%v: after the module was loaded again: %+v, not read: %v, table opened %d times", death, r.Memory, dead, s.table.opened)
		}

		dead[s.procs.fd] = true
		if err := os.Remove(filepath.Join(folder, "pulso_procs")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(true); !errors.Is(err, ErrAbsent) || s.procs.fd != closed {
			t.Errorf("%v: after the module has gone: %v", death, err)
		}
	}
}

// Every read fails: the file is opened once more and not again and again.
func TestReopensOnce(t *testing.T) {
	reads := 0
	_, s := modules(t, func(int, []byte, int64) (int, error) {
		reads++
		return 0, unix.EIO
	})
	if err := s.cpu.open(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(false); !errors.Is(err, ErrAbsent) || !errors.Is(err, unix.EIO) || reads != 2 || s.cpu.fd != closed {
		t.Errorf("%d reads: %v", reads, err)
	}
}

// A file that is there and makes no sense is a fault, with the file and the bytes.
func TestMalformed(t *testing.T) {
	for name, text := range map[string]string{
		"pulso_cpu":       `{"cpus":2,"total_ns":12`,
		"pulso_ram":       "",
		"pulso_procs":     strings.Repeat("x", maxObject),
		"pulso_proctable": "1 0 S 1 2 init\nrubbish\n",
	} {
		folder, s := modules(t, unix.Pread)
		good := mustRead(t, s, true)
		intact, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, folder, name, text)
		end := strings.Trim(quote(text[max(0, len(text)-8):]), `"\n`)
		if _, err := s.Read(true); err == nil || errors.Is(err, ErrAbsent) ||
			!strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), end) {
			t.Errorf("%s: %v", name, err)
		}
		write(t, folder, name, string(intact))
		if r := mustRead(t, s, true); r.CPU != good.CPU || r.States != good.States {
			t.Errorf("%s was mended: %+v", name, r)
		}
	}
}

// A table without end is given up.
func TestTableIsBounded(t *testing.T) {
	_, s := modules(t, unix.Pread)
	s.table.limit = 10_000
	s.table.pread = func(_ int, p []byte, _ int64) (int, error) {
		for i := range p {
			p[i] = 'x'
		}
		return len(p), nil
	}
	_, err := s.Read(true)
	if err == nil || errors.Is(err, ErrAbsent) || !strings.Contains(err.Error(), "10000 bytes or more") || len(err.Error()) > 500 {
		t.Errorf("%.1000v", err)
	}
}

// write changes a file in place, so that open descriptors see it.
func write(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replace puts another file in its place, which open descriptors do not see.
func replace(t *testing.T, folder, name, text string) {
	t.Helper()
	write(t, folder, "new", text)
	if err := os.Rename(filepath.Join(folder, "new"), filepath.Join(folder, name)); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkRead(b *testing.B) {
	for name, table := range map[string]bool{"counts": false, "table": true} {
		b.Run(name, func(b *testing.B) {
			_, s := modules(b, unix.Pread)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Read(table); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
