//go:build guest

package guest

import (
	"context"
	"encoding/json"
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
	"github.com/pulso-lab/pulso/internal/sample"
)

const agentURL = "http://127.0.0.1:8080"

// The agent follows the modules as they come and go, and a client on the host reads it.
func TestAgent(t *testing.T) {
	log := filepath.Join(t.TempDir(), "agent.log")
	agent := startAgent(t, log)
	fuente := func(want string) sample.Sample {
		t.Helper()
		var s sample.Sample
		await(t, "fuente is "+want, func() bool {
			var ok bool
			s, ok = metrics()
			return ok && s.Fuente == want
		})
		return s
	}
	fuente(sample.FuenteProcfs) // nothing is loaded
	for _, module := range qemu.Modules {
		load(t, module, "")
	}
	if s := fuente(sample.FuenteKernel); s.TotalRAM == 0 || s.TotalProcesos < 10 || s.PorcentajeCPUUso > 100 {
		t.Errorf("%+v", s)
	}
	if err := rmmod("pulso_procs"); err != nil {
		t.Fatal(err)
	}
	fuente(sample.FuenteProcfs)
	if err := insmod("pulso_procs", ""); err != nil {
		t.Fatal(err)
	}
	fuente(sample.FuenteKernel)

	for range 3 {
		zombie(t)
		stopped(t)
	}
	pid := child(t, "named", `"a\b`)
	await(t, "the agent sees the children", func() bool {
		s, ok := metrics()
		return ok && s.ProcesosZombie == 3 && s.ProcesosParados == 3
	})
	awaitProcess(t, pid, `"a\b`)

	serveHost(t)
	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := agent.Wait(); err != nil {
		t.Errorf("the agent's end: %v", err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(text), `"message":"source_changed"`); got != 4 { // at start and at each change, and not at every sample
		t.Errorf("%d lines of source_changed in the agent's log, want 4:\n%s", got, text)
	}
}

func startAgent(t *testing.T, log string) *exec.Cmd {
	t.Helper()
	file, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	cmd := exec.Command("/agent")
	cmd.Env = []string{"PULSO_INTERVAL=100ms", "PULSO_HOST=vm"}
	cmd.Stderr = file
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // it has ended, unless the test failed
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// metrics is the agent's newest sample.
func metrics() (s sample.Sample, ok bool) {
	body, ok := fetch("/metrics")
	samples, err := sample.Decode(body)
	if !ok || err != nil {
		return s, false
	}
	return samples[0], true
}

func fetch(path string) (body []byte, ok bool) {
	response, err := http.Get(agentURL + path)
	if err != nil {
		return nil, false
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return body, err == nil && response.StatusCode == http.StatusOK
}

func awaitProcess(t *testing.T, pid int, name string) {
	t.Helper()
	await(t, fmt.Sprintf("/procesos has process %d, %q", pid, name), func() bool {
		body, ok := fetch("/procesos?limite=1000")
		var list struct {
			Procesos []struct {
				PID    int    `json:"pid"`
				Nombre string `json:"nombre"`
			} `json:"procesos"`
		}
		if !ok || json.Unmarshal(body, &list) != nil {
			return false
		}
		for _, p := range list.Procesos {
			if p.PID == pid {
				return p.Nombre == name
			}
		}
		return false
	})
}

// serveHost lets the host's test read the agent and the modules' files, until it says that it has.
func serveHost(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /proc/{file}", func(w http.ResponseWriter, r *http.Request) {
		content, err := os.ReadFile("/proc/" + r.PathValue("file"))
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(content) // the host checks it
	})
	mux.HandleFunc("POST /done", func(http.ResponseWriter, *http.Request) { close(done) })
	server := &http.Server{Addr: ":8081", Handler: mux}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case <-done:
	case err := <-ended:
		t.Fatal(err)
	case <-time.After(time.Minute):
		t.Error("the host did not say that it has read the agent")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}
