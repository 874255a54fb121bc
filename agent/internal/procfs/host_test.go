package procfs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

// The tests here read this machine's own /proc, with children whose states they chose.

func TestHostStates(t *testing.T) {
	sleeper := start(t, "sleep", nil)
	stopped := start(t, "sleep", nil)
	if err := stopped.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	zombie := start(t, "true", nil) // ends, and nobody waits for it until the test is over

	got := await(t, "the children are in their states", func(r vitals.Reading) bool {
		return stateOf(r, sleeper) == 'S' && stateOf(r, stopped) == 'T' && stateOf(r, zombie) == 'Z'
	})
	checkCounts(t, got)

	// Each child that changes its state moves from one count to another.
	if err := stopped.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := zombie.Wait(); err != nil {
		t.Fatal(err)
	}
	got = await(t, "the stopped child sleeps and the zombie has gone", func(r vitals.Reading) bool {
		return stateOf(r, stopped) == 'S' && stateOf(r, zombie) == 0
	})
	checkCounts(t, got)
}

func TestHostNameWithParentheses(t *testing.T) {
	const name = "a) S 1 (b c"
	child := start(t, "sleep", func(path string) string {
		link := filepath.Join(t.TempDir(), name)
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		return link
	})
	await(t, "the child has its name", func(r vitals.Reading) bool {
		for _, p := range r.Processes {
			if p.PID == child.Process.Pid {
				return p.Name == name && p.State == 'S'
			}
		}
		return false
	})
}

// A process's CPU time and memory follow what it does.
func TestHostOwnUse(t *testing.T) {
	const size = 64 << 20
	pid := os.Getpid()
	before := processOf(read(t, "/proc"), pid)
	held := make([]byte, size)
	for i := range held { // touches every page, and burns
		held[i] = byte(i)
	}
	after := await(t, "200 ms of CPU were burnt", func(r vitals.Reading) bool {
		for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
			held[time.Now().Nanosecond()%size]++
		}
		return processOf(r, pid).CPU >= before.CPU+20*nsPerTick
	})
	p := processOf(after, pid)
	if p.RSSKiB < size/1024 {
		t.Errorf("%d KiB are resident, %d were touched", p.RSSKiB, size/1024)
	}
	if want := ownResidentKiB(t); p.RSSKiB > want+size/1024/2 || p.RSSKiB+size/1024/2 < want {
		t.Errorf("%d KiB are resident, statm says %d", p.RSSKiB, want)
	}
	if p.Start == 0 || p.Start != before.Start {
		t.Errorf("start went from %d to %d", before.Start, p.Start)
	}
}

// ownResidentKiB is this process's resident memory, from another file of its procfs.
func ownResidentKiB(t *testing.T) uint64 {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, resident uint64
	if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * uint64(os.Getpagesize()) / 1024
}

// Processes that come and go while it scans are no error.
func TestHostChurn(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 150 {
			_ = exec.Command("true").Run() // its success is not the point
		}
	}()
	source, err := New("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for scans := 0; ; scans++ {
		select {
		case <-done:
			t.Logf("%d scans", scans)
			return
		default:
		}
		r, err := source.Read(false)
		if err != nil {
			t.Fatal(err)
		}
		checkCounts(t, r)
	}
}

// A process that ends after its file was opened, and before it was read.
func TestHostGoneWhileRead(t *testing.T) {
	child := start(t, "sleep", nil)
	file, err := os.Open(filepath.Join("/proc", strconv.Itoa(child.Process.Pid), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	if _, err := file.Read(make([]byte, 1024)); !gone(err) {
		t.Errorf("error %v does not count as gone", err)
	}
}

// start runs a program that sleeps or ends; the test ends it. With rename, the program runs under another path.
func start(t *testing.T, program string, rename func(string) string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	if rename != nil {
		path = rename(path)
	}
	cmd := &exec.Cmd{Path: path, Args: []string{program, "300"}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return cmd
}

// await reads the host's procfs until it shows what is awaited.
func await(t *testing.T, what string, shows func(vitals.Reading) bool) vitals.Reading {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if r := read(t, "/proc"); shows(r) {
			return r
		}
	}
	t.Fatalf("waited 20 s in vain: %s", what)
	return vitals.Reading{}
}

// checkCounts counts the table again, by hand.
func checkCounts(t *testing.T, r vitals.Reading) {
	t.Helper()
	letters := map[byte]int64{}
	for _, p := range r.Processes {
		letters[p.State]++
	}
	if want := letters['Z'] + letters['X']; r.States.Zombie != want {
		t.Errorf("%d zombies, the table has %d", r.States.Zombie, want)
	}
	if want := letters['T'] + letters['t']; r.States.Stopped != want {
		t.Errorf("%d stopped, the table has %d", r.States.Stopped, want)
	}
	if want := letters['R']; r.States.Running != want {
		t.Errorf("%d running, the table has %d", r.States.Running, want)
	}
	if r.States.Total() != int64(len(r.Processes)) {
		t.Errorf("the states add up to %d of %d processes", r.States.Total(), len(r.Processes))
	}
}

func processOf(r vitals.Reading, pid int) vitals.Process {
	for _, p := range r.Processes {
		if p.PID == pid {
			return p
		}
	}
	return vitals.Process{}
}

// stateOf is the state of a child, or 0 when it is not there.
func stateOf(r vitals.Reading, child *exec.Cmd) byte { return processOf(r, child.Process.Pid).State }
