package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/sample"
)

// The whole agent on plain files that stand for the modules'. kernel/test runs it on the modules themselves.

var moduleFiles = []string{"pulso_cpu", "pulso_ram", "pulso_procs", "pulso_proctable"}

// modules is the folder where their files are while they are loaded.
type modules string

func (m modules) path(name string) string { return filepath.Join(string(m), name) }

func (m modules) read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(m.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// variables point the agent at the folder.
func (m modules) variables() map[string]string {
	return map[string]string{
		"PULSO_INTERVAL": "100ms", "PULSO_PROC_CPU": m.path("pulso_cpu"), "PULSO_PROC_RAM": m.path("pulso_ram"),
		"PULSO_PROC_PROCS": m.path("pulso_procs"), "PULSO_PROC_TABLE": m.path("pulso_proctable"),
	}
}

// load is insmod of all of them. Time passes in the file of the CPU until unload, which is rmmod: the paths have gone and
// open descriptors give nothing more.
func (m modules) load(t *testing.T) (unload func()) {
	t.Helper()
	open := map[string]*os.File{}
	for _, name := range moduleFiles {
		text, err := os.ReadFile(filepath.Join("internal/kernel/testdata/6.1", name))
		if name == "pulso_cpu" {
			text = cpuFile(0)
		}
		if err == nil {
			err = errors.Join(os.WriteFile(m.path("new"), text, 0o600), os.Rename(m.path("new"), m.path(name)))
		}
		if err == nil {
			open[name], err = os.OpenFile(m.path(name), os.O_WRONLY, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				_, _ = open["pulso_cpu"].WriteAt(cpuFile(n), 0) // or no sample comes, and the test fails
			}
		}
	}()
	unload = sync.OnceFunc(func() {
		close(stop)
		<-stopped
		for _, name := range moduleFiles {
			if err := errors.Join(os.Remove(m.path(name)), open[name].Truncate(0), open[name].Close()); err != nil {
				t.Error(err)
			}
		}
	})
	t.Cleanup(unload)
	return unload
}

// cpuFile is half busy, and always of the same length, so that one write replaces it.
func cpuFile(n int) []byte {
	return fmt.Appendf(nil, `{"cpus":2,"total_ns":%d,"idle_ns":%d,"iowait_ns":0}`+"\n", 2_000_000_000_000+n*10_000_000, 1_000_000_000_000+n*5_000_000)
}

// awaitSample waits for a sample of a source, and returns it.
func awaitSample(t *testing.T, base, fuente string) (s sample.Sample) {
	t.Helper()
	await(t, "a sample of "+fuente, func() bool {
		status, body := get(t, base+"/metrics")
		return status == http.StatusOK && json.Unmarshal(body, &s) == nil && s.Fuente == fuente
	})
	return s
}

// refuses checks that there is no sample on any path, for a reason.
func refuses(t *testing.T, base, reason string) {
	t.Helper()
	for path, code := range map[string]string{"/metrics": "sin_muestra", "/procesos": "sin_muestra", "/ready": "no_listo"} {
		status, body := get(t, base+path)
		var got struct{ Error, Mensaje string }
		if err := json.Unmarshal(body, &got); err != nil || status != http.StatusServiceUnavailable || got.Error != code || !strings.Contains(got.Mensaje, reason) {
			t.Errorf("%s: %d %s, want %s with %s", path, status, body, code, reason)
		}
	}
}

// Not loaded at the start, loaded, broken, mended, unloaded and loaded again, and every change once in the log.
func TestModulesComeAndGo(t *testing.T) {
	m := modules(t.TempDir())
	base, log, _ := start(t, m.variables())
	awaitSample(t, base, sample.FuenteProcfs)

	unload := m.load(t)
	var want struct {
		Total   int64 `json:"total_procesos"`
		Stopped int64 `json:"procesos_parados"`
	}
	if err := json.Unmarshal(m.read(t, "pulso_procs"), &want); err != nil {
		t.Fatal(err)
	}
	if s := awaitSample(t, base, sample.FuenteKernel); s.TotalProcesos != want.Total || s.ProcesosParados != want.Stopped || s.PorcentajeCPUUso != 50 {
		t.Errorf("%+v, want %+v", s, want)
	}
	status, body := get(t, base+"/procesos?limite=1000")
	rows := bytes.Count(m.read(t, "pulso_proctable"), []byte("\n"))
	if status != http.StatusOK || strings.Count(string(body), `"pid":`) != rows || !strings.Contains(string(body), `{"pid":1,"nombre":"init"`) {
		t.Errorf("%d %s, want %d processes", status, body, rows)
	}

	intact := m.read(t, "pulso_procs")
	rubbish := `{"procesos_corriendo":1,"procesos_durmiendo":rubbish`
	if err := os.WriteFile(m.path("pulso_procs"), []byte(rubbish), 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, "the fault is seen", func() bool {
		status, body := get(t, base+"/metrics")
		return status == http.StatusServiceUnavailable && strings.Contains(string(body), "rubbish")
	})
	refuses(t, base, "rubbish")
	await(t, "the bytes are in the log", func() bool { return strings.Contains(log.String(), `durmiendo\\\":rubbish`) })
	if err := os.WriteFile(m.path("pulso_procs"), intact, 0o600); err != nil {
		t.Fatal(err)
	}
	awaitSample(t, base, sample.FuenteKernel)

	unload()
	awaitSample(t, base, sample.FuenteProcfs)
	m.load(t)
	awaitSample(t, base, sample.FuenteKernel)
	if n := strings.Count(log.String(), `"message":"source_changed"`); n != 4 {
		t.Errorf("%d changes in the log, want 4:\n%s", n, log)
	}
}

// Modules that write nonsense from the start: no sample of anything else.
func TestModulesMalformedAtTheStart(t *testing.T) {
	for _, name := range moduleFiles[:3] {
		m := modules(t.TempDir())
		m.load(t)
		if err := os.Rename(m.path(name), m.path("away")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(m.path(name), []byte("rubbish\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		base, log, stop := start(t, m.variables())
		await(t, "the fault is in the log", func() bool { return strings.Contains(log.String(), `rubbish\\n`) })
		refuses(t, base, m.path(name))
		stop()
		if strings.Contains(log.String(), "source_changed") || strings.Count(log.String(), "sampling_failed") != 1 {
			t.Errorf("%s:\n%s", name, log)
		}
		if err := os.Rename(m.path("away"), m.path(name)); err != nil {
			t.Fatal(err)
		}
	}
}

// A name that is no path lies in the procfs, as on a host that has the course's names for the modules.
func TestModuleNamesAreUnderProcfs(t *testing.T) {
	c, err := readConfig(env(map[string]string{"PULSO_PROCFS": "/proc/../proc", "PULSO_PROC_CPU": "cpu_202012345", "PULSO_PROC_RAM": "/elsewhere/ram"}))
	if err != nil || c.modules.CPU != "/proc/cpu_202012345" || c.modules.RAM != "/elsewhere/ram" ||
		c.modules.Procs != "/proc/pulso_procs" || c.modules.Table != "/proc/pulso_proctable" {
		t.Errorf("%+v, %v", c.modules, err)
	}
}
