package system

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	readyTimeout = 30 * time.Second
	stopTimeout  = 12 * time.Second // every service drains within 10 s
)

// process is one running program of ours.
type process struct {
	name    string
	logPath string
	cmd     *exec.Cmd
	exited  chan struct{} // closed when it has ended
	err     error         // how it ended; read after exited is closed
}

// start runs a program with the variables given and nothing of ours inherited, logging to logDir.
func start(name, path string, variables []string, logDir string) (*process, error) {
	p := &process{name: name, logPath: filepath.Join(logDir, name+".log"), exited: make(chan struct{})}
	log, err := os.Create(p.logPath)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor
	p.cmd = exec.Command(path)         //nolint:noctx // it outlives the context until stop has drained it
	p.cmd.Stdout, p.cmd.Stderr = log, log
	inherited := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PULSO_") })
	p.cmd.Env = slices.Concat(inherited, variables)
	// A group of its own, so that Ctrl-C reaches only us and we stop it in order; and no orphan when we are killed.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// awaitReady returns when the program answers url with 200.
func (p *process) awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if answers(ctx, url) {
			return nil
		}
		select {
		case <-p.exited:
			return p.died()
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready within %s; its log: %s", p.name, readyTimeout, p.logPath)
		case <-poll.C:
		}
	}
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// died says that a program ended by itself. Call it after exited is closed.
func (p *process) died() error {
	how := "without an error"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("%s ended (%s); its log: %s", p.name, how, p.logPath)
}

// stop ends the program in order, and by force when it takes too long. One that has ended by itself was reported.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		<-p.exited
		return nil
	}
	select {
	case <-p.exited:
		if p.err != nil {
			return p.died()
		}
		return nil
	case <-time.After(stopTimeout):
		err := fmt.Errorf("%s did not stop within %s and was killed; its log: %s", p.name, stopTimeout, p.logPath)
		return errors.Join(err, p.kill())
	}
}

// kill ends the program by force. It is an error if it had ended before.
func (p *process) kill() error {
	err := p.cmd.Process.Kill()
	<-p.exited
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); err == nil && ok && status.Signal() == syscall.SIGKILL {
		return nil
	}
	return p.died()
}
