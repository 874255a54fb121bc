package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/agent/internal/kernel"
	"github.com/pulso-lab/pulso/agent/internal/procfs"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
)

// rig is the two real sources: plain files stand for the modules', captured text for procfs.
type rig struct {
	*Source
	modules, procfs string // folders
	log             bytes.Buffer
}

// newRig has no modules yet.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{modules: t.TempDir(), procfs: t.TempDir()}
	if err := os.CopyFS(r.procfs, os.DirFS("../procfs/testdata/proc")); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(r.modules, name) }
	modules := kernel.New(kernel.Paths{CPU: in("pulso_cpu"), RAM: in("pulso_ram"), Procs: in("pulso_procs"), Table: in("pulso_proctable")})
	t.Cleanup(modules.Close)
	host, err := procfs.New(r.procfs)
	if err != nil {
		t.Fatal(err)
	}
	r.Source = New(modules, host, service.NewLogger(&r.log))
	return r
}

// load is insmod, for one module's file.
func (r *rig) load(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../kernel/testdata/6.1", name))
	if err == nil {
		err = os.WriteFile(filepath.Join(r.modules, name), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// unload is rmmod: the path has gone, and the open descriptor gives nothing more.
func (r *rig) unload(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join(r.modules, name)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		err = errors.Join(os.Remove(path), file.Truncate(0), file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// reads checks where three readings come from.
func (r *rig) reads(t *testing.T, fuente string) {
	t.Helper()
	for i := range 3 {
		reading, err := r.Read(i == 1)
		if err != nil || reading.Fuente != fuente {
			t.Errorf("%q, %v, want %q", reading.Fuente, err, fuente)
		}
	}
}

// changes are the log's lines: from, to and reason, or what was kept and the reason.
func (r *rig) changes(t *testing.T) []string {
	t.Helper()
	var changes []string
	for line := range strings.Lines(r.log.String()) {
		var entry struct{ Message, Severity, From, To, Fuente, Reason string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		switch entry.Message {
		case "source_changed":
			changes = append(changes, fmt.Sprintf("%s to %s: %s", entry.From, entry.To, entry.Reason))
		case "source_kept":
			changes = append(changes, fmt.Sprintf("%s kept: %s", entry.Fuente, entry.Reason))
		default:
			t.Errorf("another line: %s", line)
		}
	}
	return changes
}

var files = []string{"pulso_cpu", "pulso_ram", "pulso_procs", "pulso_proctable"}

// Not loaded at the start, loaded one by one, unloaded, and loaded again: one line for each change, with its reason.
func TestModulesComeAndGo(t *testing.T) {
	r := newRig(t)
	for _, name := range files {
		r.reads(t, sample.FuenteProcfs)
		r.load(t, name)
	}
	r.reads(t, sample.FuenteKernel)
	r.unload(t, "pulso_ram")
	r.reads(t, sample.FuenteProcfs)
	r.load(t, "pulso_ram")
	r.reads(t, sample.FuenteKernel)

	got := r.changes(t)
	want := []string{" to procfs: ", "procfs kept: ", "procfs kept: ", "procfs kept: ", "procfs to kernel: ", "kernel to procfs: ", "procfs to kernel: "}
	if len(got) != len(want) {
		t.Fatalf("changes: %q", got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("change %d is %q, want %q", i, got[i], want[i])
		}
	}
	for i, file := range map[int]string{0: "pulso_cpu", 1: "pulso_ram", 2: "pulso_procs", 3: "pulso_proctable", 5: "pulso_ram"} {
		if !strings.Contains(got[i], filepath.Join(r.modules, file)) || !strings.Contains(got[i], "no such file") {
			t.Errorf("the reason does not name the file: %q", got[i])
		}
	}
}

// Nonsense from a module is replaced by nothing, at the start and later, and is no change of the source.
func TestMalformedIsAFault(t *testing.T) {
	r := newRig(t)
	for _, name := range files {
		r.load(t, name)
	}
	path := filepath.Join(r.modules, "pulso_procs")
	for range 2 {
		if err := os.WriteFile(path, []byte(`{"procesos_corriendo":-1`), 0o600); err != nil {
			t.Fatal(err)
		}
		if reading, err := r.Read(false); err == nil || reading.Fuente != "" || !strings.Contains(err.Error(), `procesos_corriendo\":-1`) {
			t.Errorf("%+v, %v", reading, err)
		}
		r.load(t, "pulso_procs")
		r.reads(t, sample.FuenteKernel)
	}
	if got := r.changes(t); len(got) != 1 {
		t.Errorf("changes: %q", got)
	}
}

// Where neither can be read, the error tells both reasons.
func TestNeither(t *testing.T) {
	r := newRig(t)
	if err := os.Remove(filepath.Join(r.procfs, "stat")); err != nil {
		t.Fatal(err)
	}
	_, err := r.Read(false)
	if err == nil || !strings.Contains(err.Error(), "read CPU") || !strings.Contains(err.Error(), "pulso_cpu") || r.log.Len() > 0 {
		t.Errorf("%v, log %q", err, r.log.String())
	}
}
