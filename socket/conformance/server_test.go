// Package conformance checks the program socket, as it is deployed, against what a client relies on in the two protocols
// that it speaks, with raw requests and frames and with the official client. Comments name the sections: EIO is the
// Engine.IO protocol, revision 4; SIO the Socket.IO protocol, revision 5; RFC is RFC 6455, the WebSockets beneath them.
//
// Whatever a client does, it is the only one to suffer: every server here has a witness, whose connection must outlive
// the test and bring it a row that is stored at the end.
package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

const (
	patience = 15 * time.Second // for what must happen; the ping timeout, which ends every client, is 45 s
	prompt   = 4 * time.Second  // for what must happen at once; the service gives a client 5 s to connect to a namespace
)

var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pulso-conformance-")
	if err != nil {
		log.Fatal(err)
	}
	program = filepath.Join(dir, "socket")
	if out, err := exec.Command("go", "build", "-o", program, "..").CombinedOutput(); err != nil {
		log.Fatalf("%v\n%s", err, out)
	}
	code := storetest.Run(m)
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

// server is a socket service that runs, as one test uses it.
type server struct {
	t *testing.T
	*process
}

// in is the server for a part of its test.
func (s server) in(t *testing.T) server { return server{t, s.process} }

type process struct {
	db      *store.Store
	cmd     *exec.Cmd
	address string        // host and port
	ended   chan struct{} // closed when the process has ended

	mu    sync.Mutex
	said  bytes.Buffer // its log
	found chan string  // the address, once
}

// start runs the service until the end of the test, with a witness.
func start(t *testing.T, variables ...string) server {
	t.Helper()
	t.Parallel() // most of a test is waiting
	s := launch(t, storetest.DSN(t), variables...)
	witness := s.join("")
	witness.awaitRow(s.store()) // the service has found its database, and sends no second snapshot
	t.Cleanup(func() {
		if t.Failed() {
			return // its own failure comes first
		}
		witness.awaitRow(s.store())
	})
	return s
}

// launch runs the service on a database until the end of the test, at which it must drain and say nothing of a bug.
func launch(t *testing.T, dsn string, variables ...string) server {
	t.Helper()
	s := server{t, &process{ended: make(chan struct{}), found: make(chan string, 1)}}
	s.cmd = exec.Command(program)
	s.cmd.Env = append(os.Environ(), "PORT=0", "PULSO_LISTEN=127.0.0.1", "PULSO_DB_DSN="+dsn, "PULSO_MIGRATE=on")
	s.cmd.Env = append(s.cmd.Env, variables...)
	s.cmd.Stderr = s.process
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // stop looks at the exit code
	}()
	t.Cleanup(s.stop)
	select {
	case s.address = <-s.found:
	case <-s.ended:
		t.Fatal("it ended at its start")
	case <-time.After(patience):
		t.Fatal("it does not listen")
	}
	s.db = storetest.Open(t, dsn)
	return s
}

// Write takes the service's log, a line or more at a time.
func (s *process) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range bytes.Lines(p) {
		var entry struct{ Message, Address string }
		if json.Unmarshal(line, &entry) == nil && entry.Message == "listening" {
			s.found <- entry.Address
		}
	}
	return s.said.Write(p)
}

// stop ends the service as an orchestrator does.
func (s server) stop() {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		s.t.Error("it does not end")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("exit code %d", code)
	}
	for _, bug := range []string{"panic", "DATA RACE", `"severity":"ERROR"`} {
		if bytes.Contains(s.said.Bytes(), []byte(bug)) {
			s.t.Errorf("its log has %q", bug)
		}
	}
	if s.t.Failed() {
		s.t.Logf("the service said:\n%s", &s.said)
	}
}

// store commits a row and returns how its id is written in an event.
func (s server) store() string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), patience) // also after the test
	defer cancel()
	answer, err := s.db.Insert(ctx, store.Request{
		API: "api1", Samples: []sample.Sample{golden.Ticks()[0].Rows[0].Sample}, Recibido: sample.NewRecibido(time.Now()),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	id, err := json.Marshal(answer.IDs[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return `"id":` + string(id) + `,`
}
