//go:build vm

package test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/qemu"
)

// Ports of the guest.
const (
	agentPort    = 8080
	workloadPort = 8082
	shellPort    = 8083 // test/guest
)

// A machine with much else to do may take long for what takes a quiet one seconds.
const (
	bootTimeout    = 5 * time.Minute
	awaitTimeout   = 2 * time.Minute
	runTimeout     = 15 * time.Minute
	requestTimeout = 5 * time.Second
)

// machine is a VM, on or off. Its disks are kept while it is off.
type machine struct {
	kernels string // the folder that has them
	disks   []string
	serial  string         // the console's file
	urls    map[int]string // of the guest's ports
	forward []string       // QEMU's options for them
	off     chan struct{}  // closed when QEMU has ended
	stop    func()         // turns it off, and waits
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	work := t.TempDir()
	vm := &machine{
		kernels: rootfs(t), disks: []string{filepath.Join(work, "root"), filepath.Join(work, "srv")},
		serial: filepath.Join(work, "console"), urls: map[int]string{}, stop: func() {},
	}
	command(t, "cp", "--sparse=always", filepath.Join(vm.kernels, "disk"), vm.disks[0])
	makeDisk(t, vm.disks[1])
	for _, port := range []int{agentPort, workloadPort, shellPort} {
		host, err := qemu.FreePort(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		vm.urls[port] = fmt.Sprintf("http://127.0.0.1:%d", host)
		vm.forward = append(vm.forward, fmt.Sprintf("hostfwd=tcp:127.0.0.1:%d-:%d", host, port))
	}
	t.Cleanup(func() {
		vm.stop()
		if t.Failed() {
			t.Logf("the console:\n%s", vm.console())
		}
	})
	return vm
}

// boot turns the VM on with one of its kernels, and waits until it answers. A boot can starve on a busy machine: it has
// one more try.
func (vm *machine) boot(t *testing.T, series string) {
	t.Helper()
	for range 2 {
		vm.turnOn(t, series)
		ctx, cancel := context.WithTimeout(t.Context(), bootTimeout)
		up := vm.until(ctx, func() bool {
			_, _, err := vm.request(ctx, shellPort, "/")
			return err == nil
		})
		cancel()
		if up {
			return
		}
		vm.stop()
	}
	t.Fatal("the VM does not boot")
}

func (vm *machine) turnOn(t *testing.T, series string) {
	t.Helper()
	args := []string{
		// Without ERMS the kernel copies words, each of which costs here what a byte would.
		"-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", "max,erms=off,fsrm=off", "-smp", "2", "-m", "2G",
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "file:" + vm.serial,
		"-kernel", filepath.Join(vm.kernels, "vmlinuz-"+series), "-initrd", filepath.Join(vm.kernels, "initrd-"+series),
		"-append", "root=/dev/vda rw console=ttyS0 panic=-1 oops=panic no_timer_check net.ifnames=0 mitigations=off quiet",
		"-netdev", "user,id=n0,restrict=on," + strings.Join(vm.forward, ","), "-device", "virtio-net-pci,netdev=n0,romfile=",
	}
	for _, disk := range vm.disks {
		args = append(args, "-drive", "format=raw,if=virtio,cache=unsafe,file="+disk)
	}
	ctx, cancel := context.WithCancel(context.Background()) // it outlives the step
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", args...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	off := make(chan struct{})
	go func() {
		defer close(off)
		_ = cmd.Wait() // how it ended, the step will find
	}()
	vm.off, vm.stop = off, func() { cancel(); <-off }
}

// until asks for a condition until it holds, ctx ends or the VM is off.
func (vm *machine) until(ctx context.Context, holds func() bool) bool {
	for !holds() {
		select {
		case <-ctx.Done():
			return false
		case <-vm.off:
			return false
		case <-time.After(200 * time.Millisecond):
		}
	}
	return true
}

// awaitOff waits until the VM has turned itself off, as it does instead of booting again.
func (vm *machine) awaitOff(t *testing.T) {
	t.Helper()
	select {
	case <-vm.off:
	case <-time.After(runTimeout):
		t.Fatal("the VM does not reboot")
	}
}

// request gets what the guest answers.
func (vm *machine) request(ctx context.Context, port int, path string) (body string, status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return vm.do(ctx, http.MethodGet, port, path, "")
}

// await asks until the guest answers 200 and that is as it should be.
func (vm *machine) await(t *testing.T, port int, path string, right func(body string) bool) {
	t.Helper()
	var last string
	ctx, cancel := context.WithTimeout(t.Context(), awaitTimeout)
	defer cancel()
	if !vm.until(ctx, func() bool {
		body, status, err := vm.request(ctx, port, path)
		last = fmt.Sprint(status, " ", err, " ", body)
		return err == nil && status == http.StatusOK && right(body)
	}) {
		t.Fatalf("%s is not answered as it should be; the last answer: %s", path, last)
	}
}

// get is for what must be answered with 200.
func (vm *machine) get(t *testing.T, port int, path string) string {
	t.Helper()
	body, status, err := vm.request(t.Context(), port, path)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d %v %s", path, status, err, body)
	}
	return body
}

func (vm *machine) do(ctx context.Context, method string, port int, path, body string) (answer string, status int, err error) {
	request, err := http.NewRequestWithContext(ctx, method, vm.urls[port]+path, strings.NewReader(body))
	if err != nil {
		return "", 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return string(content), response.StatusCode, err
}

// try runs a script in the guest, as root and with the bare environment of a service.
func (vm *machine) try(t *testing.T, script string) (output string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	began := time.Now()
	output, status, err := vm.do(ctx, http.MethodPost, shellPort, "/", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f s: %s", time.Since(began).Seconds(), strings.Join(strings.Fields(script), " "))
	return output, status == http.StatusOK
}

func (vm *machine) run(t *testing.T, script string) (output string) {
	t.Helper()
	output, ok := vm.try(t, script)
	if !ok {
		t.Fatalf("%s:\n%s", script, output)
	}
	return output
}

// start runs a script that turns the VM off before it can answer.
func (vm *machine) start(t *testing.T, script string) {
	t.Helper()
	vm.run(t, "systemd-run --quiet bash -c '"+script+" >/dev/console 2>&1'")
}

// startup runs the start-up script.
func (vm *machine) startup(t *testing.T) (output string) {
	t.Helper()
	return vm.run(t, "/srv/pulso/startup.sh 2>&1 | tee /dev/console")
}

// console is all that the VM has written since it was turned on.
func (vm *machine) console() string {
	content, err := os.ReadFile(vm.serial)
	if err != nil {
		return err.Error()
	}
	return string(content)
}
