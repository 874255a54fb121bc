//go:build guest

package guest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pulso-lab/pulso/internal/qemu"
)

// Everybody may read, and nobody may write.
func TestAccess(t *testing.T) {
	for _, module := range qemu.Modules {
		load(t, module, "")
	}
	for _, path := range []string{cpuFile, ramFile, procsFile, tableFile} {
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o444 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
		nobody := exec.Command("/bin/cat", path)
		nobody.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if output, err := nobody.CombinedOutput(); err != nil {
			t.Errorf("%s as nobody: %v %s", path, err, output)
		}
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			continue
		}
		if _, err := file.WriteString("1"); err == nil {
			t.Errorf("%s takes writes", path)
		}
		_ = file.Close()
	}
	for _, module := range qemu.Modules {
		info, err := os.Stat("/sys/module/" + module + "/parameters/name")
		if err != nil || info.Mode() != 0o444 {
			t.Errorf("the name of %s: %v %v", module, info.Mode(), err)
		}
	}
}

// A read of any size, from anywhere, gives a part of one whole.
func TestShortReads(t *testing.T) {
	for _, module := range qemu.Modules {
		load(t, module, "")
	}
	mine := child(t, "named", "short reads")
	for _, size := range []int{1, 7, 100, 4096, 1 << 20} {
		var p procs
		if err := parseJSON(readBy(t, procsFile, size), &p); err != nil || p.Total == 0 {
			t.Errorf("by %d bytes: %+v %v", size, p, err)
		}
		if table := parseTable(t, readBy(t, tableFile, size)); table[1].ppid != 0 || table[mine].ppid != os.Getpid() {
			t.Errorf("by %d bytes the table lacks processes", size)
		}
	}
	file := open(t, ramFile)
	whole := make([]byte, 4096)
	n, err := file.ReadAt(whole, 0)
	if n == 0 || err != nil && err != io.EOF {
		t.Fatal(err)
	}
	prefix := whole[:bytes.IndexByte(whole, ',')] // total_kib stays
	for from := range prefix {
		part := make([]byte, len(prefix)-from)
		if _, err := file.ReadAt(part, int64(from)); err != nil || !bytes.Equal(part, prefix[from:]) {
			t.Errorf("from %d: %q %v, want %q", from, part, err, prefix[from:])
		}
	}
	if n, err := file.ReadAt(make([]byte, 10), 1<<20); n != 0 || err != io.EOF {
		t.Errorf("far beyond its end: %d bytes, %v", n, err)
	}
	for range 3 { // from the beginning again: anew, and whole
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(file)
		var r ram
		if err != nil || parseJSON(content, &r) != nil {
			t.Errorf("after a seek: %q %v", content, err)
		}
	}
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() }) // nothing was written
	return file
}

func readBy(t *testing.T, path string, size int) (content []byte) {
	t.Helper()
	file := open(t, path)
	buffer := make([]byte, size)
	for {
		n, err := file.Read(buffer)
		content = append(content, buffer[:n]...)
		if err == io.EOF {
			return content
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Many readers at once each get what is whole.
func TestManyReaders(t *testing.T) {
	for _, module := range qemu.Modules {
		load(t, module, "")
	}
	var readers sync.WaitGroup
	for range 6 {
		readers.Go(func() {
			for range 100 {
				content, err := os.ReadFile(procsFile)
				var p procs
				if err != nil || parseJSON(content, &p) != nil || p.Running+p.Sleeping+p.Zombie+p.Stopped != p.Total {
					t.Errorf("%q %v", content, err)
				}
				var c cpu
				if content, err = os.ReadFile(cpuFile); err != nil || parseJSON(content, &c) != nil || c.free() > c.Total {
					t.Errorf("%q %v", content, err)
				}
				var r ram
				if content, err = os.ReadFile(ramFile); err != nil || parseJSON(content, &r) != nil || r.Available > r.Total {
					t.Errorf("%q %v", content, err)
				}
				if content, err = os.ReadFile(tableFile); err != nil || !bytes.HasPrefix(content, []byte("1 0 ")) || !bytes.HasSuffix(content, []byte("\n")) {
					t.Errorf("a table of %d bytes, %v", len(content), err)
				}
			}
		})
	}
	readers.Wait()
}

// The modules come and go under readers, fifty times; panic_on_warn makes any warning of the kernel's end the guest.
func TestReload(t *testing.T) {
	var done atomic.Bool
	var whole atomic.Int64
	var readers sync.WaitGroup
	for _, path := range []string{cpuFile, ramFile, procsFile, tableFile} {
		readers.Go(func() {
			var kept *os.File // through reloads, as the agent keeps it
			for !done.Load() {
				content, err := os.ReadFile(path)
				switch {
				case err == nil && bytes.HasSuffix(content, []byte("\n")):
					whole.Add(1)
				case err == nil:
					t.Errorf("%s: torn: %q", path, content)
				case !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EIO):
					t.Errorf("%s: %v", path, err)
				}
				if kept == nil {
					kept, _ = os.Open(path)
				} else if _, err := kept.ReadAt(make([]byte, 64), 0); err != nil && err != io.EOF {
					if !errors.Is(err, unix.EIO) {
						t.Errorf("a kept %s: %v", path, err)
					}
					_ = kept.Close()
					kept = nil
				}
			}
		})
	}
	for range 50 {
		for _, module := range qemu.Modules {
			if err := insmod(module, ""); err != nil {
				t.Fatalf("load %s: %v", module, err)
			}
		}
		seen := whole.Load()
		await(t, "somebody reads", func() bool { return whole.Load() > seen })
		for _, module := range qemu.Modules {
			if err := rmmod(module); err != nil {
				t.Fatalf("unload %s: %v", module, err)
			}
		}
	}
	done.Store(true)
	readers.Wait()
	t.Logf("%d whole readings", whole.Load())
	gone(t)
}

// gone checks that nothing is left of the modules.
func gone(t *testing.T) {
	t.Helper()
	modules, err := os.ReadFile("/proc/modules")
	if err != nil || bytes.Contains(modules, []byte("pulso")) {
		t.Errorf("loaded: %s %v", modules, err)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "pulso") {
			t.Errorf("/proc/%s is still there", entry.Name())
		}
	}
}

// The course's names, by parameter; names that are none are refused without a warning of the kernel's.
func TestNameParameters(t *testing.T) {
	load(t, "pulso_cpu", "name=cpu_202012345")
	load(t, "pulso_ram", "name=ram_202012345")
	load(t, "pulso_procs", "name=procesos_202012345 table=tabla_202012345")
	for _, path := range []string{"/proc/cpu_202012345", "/proc/ram_202012345", "/proc/procesos_202012345", "/proc/tabla_202012345"} {
		if content, err := os.ReadFile(path); err != nil || len(content) == 0 {
			t.Errorf("%s: %q %v", path, content, err)
		}
	}
	gone := []string{cpuFile, ramFile, procsFile, tableFile}
	for _, path := range gone {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there: %v", path, err)
		}
	}
}

func TestBadNames(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", "/", "a b", "ñ", strings.Repeat("x", 256)} {
		for _, module := range qemu.Modules {
			if err := insmod(module, `name="`+name+`"`); !errors.Is(err, unix.EINVAL) {
				t.Errorf("%s name=%.20q: %v", module, name, err)
				_ = rmmod(module)
			}
		}
	}
	if err := insmod("pulso_procs", "name=same table=same"); !errors.Is(err, unix.EINVAL) {
		t.Errorf("two files of one name: %v", err)
	}
	gone(t)
}
