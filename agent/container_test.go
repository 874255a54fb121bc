package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pulso-lab/pulso/agent/internal/procfs"
	document "github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/sample"
)

// inContainer is what a container runtime does: a mount namespace in which the host's procfs is at $1, and a PID
// namespace that has a procfs of its own.
const inContainer = `set -e
mount --rbind /proc "$1"
mount -t proc proc /proc
exec "$2"`

// The agent in a PID namespace of its own reports the host's processes where it is given the host's procfs, and its
// own few where it is not, which shows that the namespace is one.
func TestContainer(t *testing.T) {
	folder := t.TempDir()
	binary, hostProc := filepath.Join(folder, "agent"), filepath.Join(folder, "proc")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Mkdir(hostProc, 0o700); err != nil {
		t.Fatal(err)
	}
	crowd(t, 40)

	base := startInContainer(t, hostProc, binary, hostProc)
	await(t, "the agent reports the processes of the host", func() bool {
		before := processes(t)
		inside := awaitSample(t, base, sample.FuenteProcfs).TotalProcesos
		after := processes(t)
		return inside >= min(before, after)-2 && inside <= max(before, after)+2
	})
	checkVM(t, askVM(t, base))
	base = startInContainer(t, hostProc, binary, "/proc")
	if s := awaitSample(t, base, sample.FuenteProcfs); s.TotalProcesos > 5 {
		t.Errorf("with its own procfs the agent reports %d processes: this is no container", s.TotalProcesos)
	}
}

// checkVM checks that an agent in a container says of its VM what one outside does; but for the number of processes,
// which newer kernels hide from it.
func checkVM(t *testing.T, inside document.VM) {
	t.Helper()
	host, err := procfs.New("/proc")
	if err != nil {
		t.Fatal(err)
	}
	want := host.VM()
	want.Host = inside.Host
	if inside.Processes == 0 {
		want.Processes = 0
	}
	if inside != want {
		t.Errorf("the container says %+v, the host %+v", inside, want)
	}
}

// crowd makes processes that a container does not have.
func crowd(t *testing.T, n int) {
	t.Helper()
	for range n {
		child := exec.Command("sleep", "300")
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = child.Process.Kill() // it may have ended
			_ = child.Wait()
		})
	}
}

// processes is how many this machine has.
func processes(t *testing.T) int64 {
	t.Helper()
	host, err := procfs.New("/proc")
	if err != nil {
		t.Fatal(err)
	}
	reading, err := host.Read(false)
	if err != nil {
		t.Fatal(err)
	}
	return reading.States.Total()
}

// startInContainer runs the agent in a container until the test ends, and returns where it answers.
func startInContainer(t *testing.T, hostProc, binary, root string) (base string) {
	t.Helper()
	arguments := []string{"--pid", "--fork", "--kill-child", "--mount", "sh", "-c", inContainer, "sh", hostProc, binary}
	if os.Getuid() != 0 {
		arguments = append([]string{"--map-root-user"}, arguments...)
	}
	var log logBuffer
	agent := exec.Command("unshare", arguments...)
	agent.Env = []string{"PATH=" + os.Getenv("PATH"), "PULSO_PROCFS=" + root, "PULSO_INTERVAL=100ms", "PULSO_LISTEN=127.0.0.1", "PORT=0"}
	agent.Stderr = &log
	if err := agent.Start(); err != nil {
		cannot(t, err.Error())
	}
	var waited error
	ended := make(chan struct{})
	go func() {
		waited = agent.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = agent.Process.Kill() // and with it the agent, as --kill-child says
		<-ended
	})
	await(t, "the agent in the container listens", func() bool {
		select {
		case <-ended:
			cannot(t, fmt.Sprintf("%v: %s", waited, &log))
		default:
		}
		found := listening.FindStringSubmatch(log.String())
		if found != nil {
			base = "http://" + found[1]
		}
		return found != nil
	})
	return base
}

// cannot ends a test that this machine does not let make a container; in CI it must.
func cannot(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip("no container can be made here: " + why)
}
