package images

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	timeout  = time.Minute  // for a service to start, on a machine with much else to do
	hostProc = "/host/proc" // where the VM gives the agent its own procfs
	inside   = "PULSO_IMAGES_INSIDE"
)

// isolated runs this program once more in namespaces of its own: services listen where nobody else does and reach nobody,
// and whatever is mounted or left running goes with it.
func isolated(run func() int) int {
	if os.Getenv(inside) != "" {
		if printed, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "images: loopback: %v: %s\n", err, printed)
			return 1
		}
		return run()
	}
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "images: this test makes namespaces and mounts: run it as root")
		return 1
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		return 1
	}
	cmd := exec.Command("unshare", append([]string{"--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", self}, os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		return 1
	}
	return 0
}

// container is the running program of an image.
type container struct {
	cmd *exec.Cmd
	log *bufio.Scanner
}

// start starts an image's program as its user, in a root that cannot be written to.
func start(t *testing.T, i image, environment []string) container {
	t.Helper()
	if err := makeReadOnly(t, i.root); err != nil {
		t.Fatalf("a root of its own: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	cmd := exec.CommandContext(ctx, "/service")
	cmd.Dir, cmd.Env = "/", append(i.config.environment(), environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot: i.root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}, Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC,
	}
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	return container{cmd, bufio.NewScanner(log)}
}

// makeReadOnly mounts a root over itself, until the test ends, and the VM's procfs in it, as agent/deploy does.
func makeReadOnly(t *testing.T, root string) error {
	t.Helper()
	proc := filepath.Join(root, hostProc)
	if err := os.MkdirAll(proc, 0o755); err != nil {
		return err
	}
	const bind, locked = syscall.MS_BIND, syscall.MS_REMOUNT | syscall.MS_BIND | syscall.MS_RDONLY | syscall.MS_NOSUID | syscall.MS_NODEV
	if err := syscall.Mount(root, root, "", bind, ""); err != nil {
		return err
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(root, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return errors.Join(
		syscall.Mount("/proc", proc, "", bind, ""),
		syscall.Mount("", proc, "", locked, ""),
		syscall.Mount("", root, "", locked, ""),
	)
}

// line is one of the log.
type line struct{ Message, Version, Address, Error string }

// until reads the log up to an event, which it must have.
func (c container) until(t *testing.T, event string) line {
	t.Helper()
	var read []string
	for c.log.Scan() {
		read = append(read, c.log.Text())
		var l line
		if json.Unmarshal(c.log.Bytes(), &l) == nil && l.Message == event {
			return l
		}
	}
	t.Fatalf("it does not come to %q:\n%s", event, strings.Join(read, "\n"))
	return line{}
}

// started checks the first line of the log.
func (c container) started(t *testing.T) {
	t.Helper()
	var first line
	if !c.log.Scan() || json.Unmarshal(c.log.Bytes(), &first) != nil || first.Message != "starting" || first.Version != version {
		t.Errorf("its first line is %s, and should say that it starts in version %s", c.log.Text(), version)
	}
}

// serves starts a service, and checks that it is alive and confined.
func serves(t *testing.T, i image, environment []string) {
	c := start(t, i, environment)
	c.started(t)
	_, port, err := net.SplitHostPort(c.until(t, "listening").Address)
	if err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for c.log.Scan() {
		}
	}()
	t.Cleanup(func() { <-drained })
	response, err := http.Get("http://127.0.0.1:" + port + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("/health: %d %v %s", response.StatusCode, err, body)
	}
	confined(t, c.cmd.Process.Pid)
}

var rights = regexp.MustCompile(`(?m)^(Uid|Gid|Groups|CapInh|CapPrm|CapEff):.*`)

// confined checks that a process has no rights, and that not even root could write where it is.
func confined(t *testing.T, pid int) {
	t.Helper()
	const none = "Uid:\t65532\t65532\t65532\t65532\nGid:\t65532\t65532\t65532\t65532\nGroups:\t \n" +
		"CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000"
	process := fmt.Sprintf("/proc/%d/", pid)
	status, err := os.ReadFile(process + "status")
	if err != nil {
		t.Fatal(err)
	}
	if has := strings.Join(rights.FindAllString(string(status), -1), "\n"); has != none {
		t.Errorf("it runs with these rights:\n%s", has)
	}
	if err := os.WriteFile(process+"root/file", nil, 0o600); !errors.Is(err, syscall.EROFS) {
		t.Errorf("its root can be written to: %v", err)
	}
}

// complains starts the migrator, which has to say what it lacks.
func complains(t *testing.T, i image) {
	t.Helper()
	c := start(t, i, nil)
	c.started(t)
	if l := c.until(t, "stopped"); !strings.Contains(l.Error, "PULSO_DB_DSN is not set") {
		t.Errorf("it stops with %q", l.Error)
	}
	_ = c.cmd.Wait() // its exit code is in ProcessState
	if code := c.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("it exits with %d", code)
	}
}
