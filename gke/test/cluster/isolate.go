package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The addresses of the cluster's network, which is nobody else's: it lies in a namespace of its own.
const (
	bridge         = "pulso"
	machineAddress = "10.244.0.1" // the control plane, and the node that asks the probes
	GatewayAddress = "10.244.0.2" // where the entry point listens
	beforePods     = "10.244.1.0" // pods have those that follow
)

// isolated marks the inner process of Isolated.
const isolated = "PULSO_CLUSTER_ISOLATED"

// Isolated runs this program once more in namespaces of its own, with run as what it does, and returns its exit code. A
// cluster cannot live outside of them: EndpointSlices refuse loopback addresses, so its pods need some of their own. When
// the program ends, however it does, the kernel ends whatever it started. It needs root.
func Isolated(run func() int) int {
	if os.Getenv(isolated) == "" {
		return again()
	}
	if err := settle(); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		return 1
	}
	return run()
}

// again is the outer process.
func again() int {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...) //nolint:gosec,noctx // this program, until it ends
	cmd.Env = append(os.Environ(), isolated+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		fmt.Fprintf(os.Stderr, "cluster: a process in namespaces of its own: %s; it needs root\n", err)
		return 1
	}
	go func() { // it ends with the program
		for range signals {
			_ = cmd.Process.Kill() // it is the first of its PID namespace: all of them end
		}
	}()
	if err := cmd.Wait(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			fmt.Fprintln(os.Stderr, "cluster:", err)
		}
		return 1
	}
	return 0
}

// settle makes the namespaces fit to live in.
func settle() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return run(
		"ip link set lo up",
		"ip link add "+bridge+" type bridge",
		"ip addr add "+machineAddress+"/16 dev "+bridge,
		"ip addr add "+GatewayAddress+"/16 dev "+bridge,
		"ip link set "+bridge+" up",
	)
}

// run runs commands without quotes, one after the other.
func run(commands ...string) error {
	for _, command := range commands {
		words := strings.Fields(command)
		if output, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil { //nolint:gosec,noctx // our own, of an instant
			return fmt.Errorf("%s: %w: %s", command, err, output)
		}
	}
	return nil
}
