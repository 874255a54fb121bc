package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// server is a process that takes samples by POST on the loopback address.
type server struct {
	name    string
	address string
	cmd     *exec.Cmd
	drained chan struct{} // closed when its log has ended
	last    atomic.Value  // the newest line of its log, a string
}

// startFunction starts one of the functions as it is run: its defaults, but for a port of its own.
func startFunction(ctx context.Context, binary, target, dsn string) (*server, error) {
	path, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path) //nolint:gosec // whoever runs the benchmark names the binary
	return start(cmd, target, dsn, "FUNCTION_TARGET="+target)
}

// startSelf starts this program again, as one of the servers of serve.go.
func startSelf(ctx context.Context, dsn string, arguments ...string) (*server, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, arguments...) //nolint:gosec // itself
	return start(cmd, arguments[0], dsn)
}

// start starts a program that logs JSON lines, and waits for the one that carries its address. Nothing of Pulso's in
// this process's environment reaches it.
func start(cmd *exec.Cmd, name, dsn string, env ...string) (*server, error) {
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PULSO_") })
	cmd.Env = append(cmd.Env, append(env, "PORT=0", "PULSO_LISTEN=127.0.0.1", "PULSO_DB_DSN="+dsn)...)
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{name: name, cmd: cmd, drained: make(chan struct{})}
	found := make(chan string, 1)
	go func() {
		defer close(s.drained)
		defer close(found)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			s.last.Store(lines.Text())
			var entry struct{ Message, Address string }
			if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Message == "listening" {
				found <- entry.Address
			}
		}
		_, _ = io.Copy(io.Discard, log) // it must not block on a line that is too long
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

// stop ends the process.
func (s *server) stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // one that has ended says why below
	<-s.drained
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w: %v", s.name, err, s.last.Load())
	}
	return nil
}
