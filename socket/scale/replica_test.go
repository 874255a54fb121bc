package scale

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// replica is one place where a socket service runs, with a new process after each start.
type replica struct {
	dsn     string
	address atomic.Value // of the last process, host:port
	process *process
}

type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has

	mu    sync.Mutex
	said  bytes.Buffer // its log
	found chan string  // the address, once
}

// start returns when the service listens.
func (r *replica) start(t *testing.T) {
	t.Helper()
	p := &process{cmd: exec.Command(program), ended: make(chan struct{}), found: make(chan string, 1)}
	p.cmd.Env = append(os.Environ(), "PORT=0", "PULSO_LISTEN=127.0.0.1", "PULSO_DB_DSN="+r.dsn, "PULSO_MIGRATE=on")
	p.cmd.Stderr = p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // terminate looks at the exit code
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // fails when it has ended, as it should have
		<-p.ended
	})
	select {
	case address := <-p.found:
		r.address.Store(address)
	case <-p.ended:
		t.Fatalf("the service ended at its start:\n%s", &p.said)
	case <-time.After(patience):
		t.Fatal("the service does not listen")
	}
	r.process = p
}

// Write takes the service's log, a line or more at a time.
func (p *process) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range bytes.Lines(text) {
		var entry struct{ Message, Address string }
		if json.Unmarshal(line, &entry) == nil && entry.Message == "listening" {
			p.found <- entry.Address
		}
	}
	return p.said.Write(text)
}

// kill ends the process as a machine that fails does.
func (r *replica) kill(t *testing.T) {
	t.Helper()
	if err := r.process.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-r.process.ended
	r.process.check(t)
}

// terminate ends the process as an orchestrator does.
func (r *replica) terminate(t *testing.T) {
	t.Helper()
	if err := r.process.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.process.ended:
	case <-time.After(patience):
		t.Fatal("the service does not end")
	}
	if code := r.process.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	r.process.check(t)
}

// check looks for what a service must not have to say.
func (p *process) check(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, bug := range []string{"panic", `"severity":"ERROR"`, "client_dropped", "database_away"} {
		if bytes.Contains(p.said.Bytes(), []byte(bug)) {
			t.Errorf("its log has %q:\n%s", bug, &p.said)
			return
		}
	}
}
