// Package qemu boots Debian's own kernels in QEMU, with Pulso's modules and a program of ours as all there is beside
// them: the real kernel that the tests and benchmarks of the modules need.
//
// It emulates (TCG) and needs neither KVM nor root, so that it runs wherever the rest does. A guest has no way to the
// network; the host reaches it through ports on the loopback address.
package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// ErrNoVerdict says that the guest ended without saying how its program ended: it panicked, or never came so far.
var ErrNoVerdict = errors.New("the guest ended without a verdict")

// A guest ends by writing 64 + its program's exit code to a port of the device isa-debug-exit; QEMU then exits with twice
// that and 1. A panic, a power-off and an error of QEMU's own all end with other codes.
const (
	verdictLowest = 2*64 + 1
	verdictStep   = 2
)

// serialTail is how many bytes of the guest's console an error shows.
const serialTail = 6000

// Machine is a guest, ready to be booted.
type Machine struct {
	CPUs    int         // 1 or more
	Memory  int         // MiB
	Forward map[int]int // ports of the host's loopback address to ports of the guest
	// Icount makes the guest's clock count instructions: one takes one nanosecond, and time in which it would wait is
	// skipped. It needs CPUs to be 1.
	Icount bool
	Serial string // the file that takes the guest's console

	kernel, initrd string
}

// New makes a guest of Debian's newest kernel of a series, with the checkout's modules built for it in /modules and
// files, which are paths in the guest and where on the host they come from. Its init runs /main, which must be among
// them, and ends the guest with its exit code. Every program must be static; BusyBox is in /bin, and so is guest/guest.c.
// root is the checkout; what is packed, and the console, lie in folder.
func New(ctx context.Context, root, series, folder string, files map[string]string) (*Machine, error) {
	kernel, err := Fetch(ctx, root, series)
	if err != nil {
		return nil, err
	}
	modules, err := kernel.buildModules(ctx, root)
	if err != nil {
		return nil, err
	}
	files = maps.Clone(files)
	for _, module := range Modules {
		files["modules/"+module+".ko"] = filepath.Join(modules, module+".ko")
	}
	m := &Machine{
		CPUs: 2, Memory: 512, Serial: filepath.Join(folder, "console"),
		kernel: filepath.Join(kernel.folder, "vmlinuz"), initrd: filepath.Join(folder, "initrd"),
	}
	return m, kernel.pack(ctx, m.initrd, files)
}

// Run boots the guest and waits until it ends or ctx does. It returns the exit code of the guest's program (63 for any
// larger one); the error has the end of its console.
func (m *Machine) Run(ctx context.Context) (code int, err error) {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", m.arguments()...) //nolint:gosec // the caller's own files
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, fmt.Errorf("the guest did not end in time: %w\n%s", context.Cause(ctx), m.tail())
	case errors.As(err, &exit) && exit.ExitCode() >= verdictLowest && exit.ExitCode()%verdictStep == 1:
		return (exit.ExitCode() - verdictLowest) / verdictStep, nil
	default:
		return 0, fmt.Errorf("%w: QEMU: %s\n%s", errors.Join(ErrNoVerdict, err), output.Bytes(), m.tail())
	}
}

func (m *Machine) arguments() []string {
	network := "user,id=n0,restrict=on"
	for _, host := range slices.Sorted(maps.Keys(m.Forward)) {
		network += fmt.Sprintf(",hostfwd=tcp:127.0.0.1:%d-:%d", host, m.Forward[host])
	}
	const line = "console=ttyS0 panic=-1 panic_on_warn=1 oops=panic no_timer_check quiet"
	clock := []string{"-accel", "tcg,thread=multi"}
	if m.Icount {
		clock = []string{"-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"}
	}
	return append([]string{
		"-machine", "q35", "-cpu", "max", "-smp", fmt.Sprint(m.CPUs), "-m", fmt.Sprintf("%dM", m.Memory),
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", m.kernel, "-initrd", m.initrd, "-append", line, "-serial", "file:" + m.Serial,
		"-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
		"-netdev", network, "-device", "virtio-net-pci,netdev=n0,romfile=",
	}, clock...)
}

// tail is the end of the guest's console.
func (m *Machine) tail() []byte {
	text, err := os.ReadFile(m.Serial)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-serialTail):]
}
