package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	document "github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
)

// logBuffer is a log that a test reads while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

var listening = regexp.MustCompile(`"address":"(127\.0\.0\.1:\d+)"`)

// The whole agent, on this machine's procfs: not ready, ready, samples, drained.
func TestRun(t *testing.T) {
	base, log, stop := start(t, map[string]string{"PULSO_INTERVAL": "200ms", "PULSO_HOST": "vm-de-prueba", "PULSO_MACHINE": "e2-standard-4"})
	await(t, "it is ready", func() bool {
		status, _ := get(t, base+"/ready")
		return status == http.StatusOK
	})
	status, body := get(t, base+"/metrics")
	samples, err := sample.Decode(body)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	if s := samples[0]; s.Host != "vm-de-prueba" || s.Fuente != sample.FuenteProcfs || s.TotalProcesos < 2 ||
		s.TotalRAM == 0 || time.Since(s.Hora.Time) > 5*time.Second {
		t.Errorf("%s", body)
	}
	if vm := askVM(t, base); vm.Host != "vm-de-prueba" || vm.Machine != "e2-standard-4" || vm.RAM != samples[0].TotalRAM ||
		vm.CPUs < 1 || vm.Kernel == "" || vm.Processes < samples[0].TotalProcesos {
		t.Errorf("%+v beside the sample %s", vm, body)
	}
	if status, body := get(t, base+"/procesos?limite=1"); status != http.StatusOK || !json.Valid(body) {
		t.Errorf("%d %s", status, body)
	}

	stop()
	for _, event := range []string{"configuration", "listening", "sampling", "draining"} {
		if strings.Count(log.String(), `"message":"`+event+`"`) != 1 {
			t.Errorf("%q is not once in the log:\n%s", event, log.String())
		}
	}
}

func TestConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		variables map[string]string
		want      []string
	}{
		"all faults together": {
			map[string]string{"PORT": "70000", "PULSO_INTERVAL": "99ms", "PULSO_PROCFS": "/nowhere", "PULSO_HOST": "\n", "PULSO_MACHINE": "E2"},
			[]string{"PORT", "PULSO_INTERVAL", "PULSO_PROCFS", "/nowhere", "PULSO_HOST", "PULSO_MACHINE"},
		},
		"interval too long":   {map[string]string{"PULSO_INTERVAL": "61s"}, []string{"PULSO_INTERVAL"}},
		"long host":           {map[string]string{"PULSO_HOST": strings.Repeat("x", 254)}, []string{"PULSO_HOST"}},
		"host with a newline": {map[string]string{"PULSO_HOST": "a\nb"}, []string{"PULSO_HOST"}},
		"host with a space":   {map[string]string{"PULSO_HOST": " x"}, []string{"PULSO_HOST", "white space"}},
		"host not UTF-8":      {map[string]string{"PULSO_HOST": "\xff"}, []string{"PULSO_HOST"}},
		"a path as machine":   {map[string]string{"PULSO_MACHINE": "machineTypes/e2-standard-4"}, []string{"PULSO_MACHINE"}},
		"long machine":        {map[string]string{"PULSO_MACHINE": strings.Repeat("x", 65)}, []string{"PULSO_MACHINE"}},
		"no procfs":           {map[string]string{"PULSO_PROCFS": "/nowhere"}, []string{"PULSO_PROCFS", "/nowhere"}},
	} {
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		err := run(ctx, service.NewLogger(io.Discard), env(c.variables))
		stop()
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: no %s in %v", name, want, err)
			}
		}
	}
}

func TestPortTaken(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	err = run(t.Context(), service.NewLogger(io.Discard), env(map[string]string{"PORT": port, "PULSO_LISTEN": "127.0.0.1"}))
	if err == nil || !strings.Contains(err.Error(), port) {
		t.Errorf("error %v", err)
	}
}

// start runs the agent on a port of its own, until the test ends or calls stop, which waits for the drain.
func start(t *testing.T, variables map[string]string) (base string, log *logBuffer, stop func()) {
	t.Helper()
	variables["PORT"], variables["PULSO_LISTEN"] = "0", "127.0.0.1"
	log = &logBuffer{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, service.NewLogger(log), env(variables)) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the drain: %v", err)
		}
	})
	t.Cleanup(stop)
	await(t, "it listens", func() bool {
		found := listening.FindStringSubmatch(log.String())
		if found != nil {
			base = "http://" + found[1]
		}
		return found != nil
	})
	return base, log, stop
}

func env(variables map[string]string) *service.Env {
	return service.NewEnv(func(name string) (string, bool) { v, ok := variables[name]; return v, ok })
}

func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// askVM is what the agent says of its VM.
func askVM(t *testing.T, base string) (vm document.VM) {
	t.Helper()
	status, body := get(t, base+"/vm")
	if err := json.Unmarshal(body, &vm); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	return vm
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("waited 20 s in vain: %s", what)
}
