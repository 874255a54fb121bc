package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// server is a process that answers /metrics on the loopback address.
type server struct {
	name    string
	address string
	cmd     *exec.Cmd
	drained chan struct{} // closed when the pipe with its address has ended
}

// start starts a program and waits for the line that carries its address.
func start(cmd *exec.Cmd, name string, output io.ReadCloser, address func(line []byte) string) (*server, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{name: name, cmd: cmd, drained: make(chan struct{})}
	found := make(chan string, 1)
	go func() {
		defer close(s.drained)
		defer close(found)
		var said []byte
		for lines := bufio.NewScanner(output); lines.Scan(); {
			said = lines.Bytes()
			if a := address(said); a != "" {
				found <- a
				break
			}
		}
		_, _ = io.Copy(io.Discard, output) // it must not block on its log
	}()
	select {
	case s.address = <-found:
	case <-time.After(patience):
	}
	if s.address == "" {
		return nil, errors.Join(fmt.Errorf("%s does not listen", name), s.stop())
	}
	return s, nil
}

// startAgent starts the agent as it is run: its defaults, but for a port of its own.
func startAgent(ctx context.Context, binary string) (*server, error) {
	path, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path) //nolint:gosec // whoever runs the benchmark names the binary
	cmd.Env = append(os.Environ(), "PORT=0", "PULSO_LISTEN=127.0.0.1")
	output, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	agent, err := start(cmd, "agent", output, func(line []byte) string {
		var entry struct{ Message, Address string }
		if json.Unmarshal(line, &entry) != nil || entry.Message != "listening" {
			return ""
		}
		return entry.Address
	})
	if err != nil {
		return nil, err
	}
	if err := agent.ready(ctx); err != nil {
		return nil, errors.Join(err, agent.stop())
	}
	return agent, nil
}

// startBare starts this program again, as the bare handler of the bytes that the agent answers now.
func startBare(ctx context.Context, agent *server) (*server, error) {
	c, err := dial(ctx, agent.address)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.get(); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, bareArgument) //nolint:gosec // itself
	cmd.Stdin = bytes.NewReader(bytes.Clone(c.body))
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return start(cmd, "bare", output, func(line []byte) string { return string(line) })
}

// ready waits for the first sample.
func (s *server) ready(ctx context.Context) error {
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var c *client
		if c, err = dial(ctx, s.address); err != nil {
			return err
		}
		err = c.get()
		c.close()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return fmt.Errorf("%s is not ready: %w", s.name, err)
}

// stop ends the process.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-s.drained
	if err := s.cmd.Wait(); err != nil && s.cmd.ProcessState.ExitCode() > 0 {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// cpu is the CPU time that the process has used.
func (s *server) cpu() (time.Duration, error) {
	process, err := procfs.NewProc(s.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	stat, err := process.Stat()
	return time.Duration(stat.CPUTime() * float64(time.Second)), err
}

// residentMiB is the most memory that the process has held so far.
func (s *server) residentMiB() (float64, error) {
	process, err := procfs.NewProc(s.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	status, err := process.NewStatus()
	return float64(status.VmHWM) / (1 << 20), err
}
