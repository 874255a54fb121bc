package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	startTimeout = time.Minute
	stopTimeout  = 10 * time.Second
	askAgain     = 100 * time.Millisecond
)

// process is a part of the control plane.
type process struct {
	name   string
	cmd    *exec.Cmd
	log    string
	exited chan struct{} // closed when it has ended
	err    error         // why, once exited is closed
}

// start runs a program that logs to DIR/NAME.log.
func start(dir, path string, arguments ...string) (*process, error) {
	p := &process{name: filepath.Base(path), exited: make(chan struct{})}
	p.log = filepath.Join(dir, p.name+".log")
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	p.cmd = exec.Command(path, arguments...) //nolint:gosec,noctx // our own; it lives until it is stopped
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = log, log
	err = p.cmd.Start()
	_ = log.Close() // the child has it
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// await returns when ask finds that the process can work, and fails when it has ended or patience does.
func (p *process) await(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s ended: %w; its log: %s", p.name, p.err, p.log)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s: %w; its log: %s", p.name, startTimeout, err, p.log)
		case <-time.After(askAgain):
		}
	}
}

// stop ends the process, and returns when it has.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // one that has ended needs none
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}
