package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// listenTimeout is how long a process may take to listen.
const listenTimeout = time.Minute

// Process is a server on the loopback address that is measured.
type Process struct {
	Name    string
	Address string // where it listens
	cmd     *exec.Cmd
	drained chan struct{} // closed when its log has ended
	last    atomic.Value  // the newest line of its log, a string
}

// Start starts one of our services, or what logs as they do, on a free port, and waits until it says where it listens.
// Of Pulso's settings it gets those of env, and nothing from this process's environment. The caller must Stop it.
func Start(cmd *exec.Cmd, name string, env ...string) (*Process, error) {
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PULSO_") })
	cmd.Env = append(cmd.Env, append(env, "PORT=0", "PULSO_LISTEN=127.0.0.1")...)
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{Name: name, cmd: cmd, drained: make(chan struct{})}
	found := make(chan string, 1)
	go p.read(log, found)
	select {
	case p.Address = <-found:
	case <-time.After(listenTimeout):
	}
	if p.Address == "" {
		return nil, errors.Join(fmt.Errorf("%s does not listen", name), p.Stop())
	}
	return p, nil
}

// read follows the log until it ends.
func (p *Process) read(log io.Reader, found chan<- string) {
	defer close(p.drained)
	defer close(found)
	listens := false
	for lines := bufio.NewScanner(log); lines.Scan(); {
		p.last.Store(lines.Text())
		var entry struct{ Message, Address string }
		if !listens && json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Message == "listening" {
			listens = true
			found <- entry.Address
		}
	}
	_, _ = io.Copy(io.Discard, log) // it must not block on a line that is too long
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Last is the newest line of its log.
func (p *Process) Last() string {
	line, _ := p.last.Load().(string) // it may not have said anything
	return line
}

// Stop asks the process to end, and waits. A program that knows nothing better than to die of the signal has not failed.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // one that has ended says why below
	<-p.drained
	if err := p.cmd.Wait(); err != nil {
		if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGTERM {
			return nil
		}
		return fmt.Errorf("%s: %w: %s", p.Name, err, p.Last())
	}
	return nil
}
