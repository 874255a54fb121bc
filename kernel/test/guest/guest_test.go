//go:build guest

// Package guest tests the modules from inside a running kernel, against what the kernel itself says. It is compiled to a
// static program that runs as root in a guest of QEMU; kernel/test boots it.
package guest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The modules' files as they are named unless told.
const (
	cpuFile   = "/proc/pulso_cpu"
	ramFile   = "/proc/pulso_ram"
	procsFile = "/proc/pulso_procs"
	tableFile = "/proc/pulso_proctable"
)

// load loads a module, and unloads it when the test is over.
func load(t *testing.T, module, parameters string) {
	t.Helper()
	if err := insmod(module, parameters); err != nil {
		t.Fatalf("load %s %s: %v", module, parameters, err)
	}
	t.Cleanup(func() {
		if err := rmmod(module); err != nil && !t.Failed() {
			t.Errorf("unload %s: %v", module, err)
		}
	})
}

func insmod(module, parameters string) error {
	file, err := os.Open("/modules/" + module + ".ko")
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing was written
	return unix.FinitModule(int(file.Fd()), parameters, 0)
}

func rmmod(module string) error { return unix.DeleteModule(module, unix.O_NONBLOCK) }

// readJSON reads a module's file: one line, one object, nothing but the fields of v.
func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := parseJSON(content, v); err != nil {
		t.Fatalf("%s: %v in %q", path, err, content)
	}
}

func parseJSON(content []byte, v any) error {
	if bytes.Count(content, []byte("\n")) != 1 || !bytes.HasSuffix(content, []byte("}\n")) {
		return fmt.Errorf("not one line")
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}

// start runs a program until the test ends.
func start(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(cmd) })
	return cmd
}

func stop(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()               // it may have ended
	_ = cmd.Process.Signal(unix.SIGCONT) // a traced or stopped one ends as well
	_ = cmd.Wait()
}

// child is a program of the guest that stays in a state.
func child(t *testing.T, args ...string) int {
	t.Helper()
	return start(t, "/bin/guest", args...).Process.Pid
}

// zombie has ended, and nobody waits for it until the test is over.
func zombie(t *testing.T) int {
	t.Helper()
	return start(t, "/bin/true").Process.Pid
}

func stopped(t *testing.T) int {
	t.Helper()
	cmd := start(t, "/bin/sleep", "1000")
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// traced is a process that its tracer has stopped.
func traced(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("/bin/guest", "traced")
	printed, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(printed, &pid); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Kill(pid, unix.SIGKILL) // its tracer ends next
		stop(cmd)
	})
	return pid
}

// procStat is what /proc/[pid]/stat says of a process.
type procStat struct {
	state     byte
	ppid      int
	cpuTicks  int64
	pages     int64
	comm      string
	kernelOwn bool // a kernel thread
}

// scan reads /proc/[pid]/stat of every process.
func scan(t *testing.T) map[int]procStat {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	all := map[int]procStat{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if stat, ok := statOf(t, pid); ok {
			all[pid] = stat
		}
	}
	return all
}

func statOf(t *testing.T, pid int) (procStat, bool) {
	t.Helper()
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return procStat{}, false // it has gone
	}
	open, end := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	fields := strings.Fields(string(line[end+1:]))
	number := func(i int) int64 {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		return n
	}
	const kernelThread = 0x00200000 // PF_KTHREAD
	return procStat{
		state: fields[0][0], ppid: int(number(1)), cpuTicks: number(11) + number(12), pages: number(21),
		comm: string(line[open+1 : end]), kernelOwn: number(6)&kernelThread != 0,
	}, true
}

// await waits until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("waited 30 s in vain: %s", what)
}

func awaitState(t *testing.T, pid int, state byte) {
	t.Helper()
	await(t, fmt.Sprintf("process %d is in state %c", pid, state), func() bool {
		stat, ok := statOf(t, pid)
		return ok && stat.state == state
	})
}
