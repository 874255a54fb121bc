package faults

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/mariadb"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/local/internal/system"
)

const (
	patience = time.Minute // for a condition that a healthy service meets in seconds
	steady   = 150         // requests that each route must have acknowledged before and after a fault
	allRows  = 1 << 20     // more than a test stores
)

var binaries string

// TestMain builds the real functions.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pulso-faults-")
	if err != nil {
		log.Fatal(err)
	}
	binaries = filepath.Join(dir, "bin")
	build := exec.Command("go", "build", "-o", filepath.Join(binaries, "functions"), "./functions/cmd")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		log.Fatalf("%v\n%s", err, out)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

// environment is what a function is told besides, given its name and the database's DSN.
type environment func(part, dsn string) []string

// writers are the ways to hand the two writers out to the two routes.
var writers = map[string]struct {
	more       environment
	api1, api2 string
}{
	"as they are": {nil, "direct", "batch"},
	"swapped":     {swapped, "batch", "direct"},
}

func swapped(part, _ string) []string {
	return []string{"PULSO_WRITER=" + map[string]string{"api1": "batch", "api2": "direct"}[part]}
}

// rig is the ingest, running, with its users.
type rig struct {
	*system.System
	*crowd
	giveUp context.CancelFunc // the users' attempts
}

// start brings the ingest up; the users are yet to arrive.
func start(t *testing.T, more environment) *rig {
	t.Helper()
	ports, err := system.Free(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := system.Start(t.Context(), system.Config{
		Binaries: binaries, Dir: t.TempDir(), Ports: ports, Only: []string{"api1", "api2"}, Environment: more,
	})
	if errors.Is(err, mariadb.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{System: s, crowd: newCrowd(s.Entry())}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			r.showLogs(t)
		}
	})
	return r
}

// load brings the ingest up and lets the users send until both routes have acknowledged enough.
func load(t *testing.T, more environment) *rig {
	t.Helper()
	r := start(t, more)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() { // before the system stops
		cancel()
		r.users.Wait()
	})
	r.giveUp = cancel
	r.arrive(ctx)
	r.progress(t, "before the fault")
	return r
}

// await returns when the condition holds for what has been seen since.
func (r *rig) await(t *testing.T, what string, condition func(since tally) bool) {
	t.Helper()
	before := r.tally()
	end := time.After(patience)
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		since := r.tally().minus(before)
		if condition(since) {
			return
		}
		select {
		case <-poll.C:
		case err := <-r.Died():
			t.Fatalf("%s: %v", what, err)
		case <-end:
			t.Fatalf("%s: not within %s: %+v", what, patience, since)
		}
	}
}

// progress waits until both routes have acknowledged some more.
func (r *rig) progress(t *testing.T, when string) {
	t.Helper()
	began := time.Now()
	r.await(t, when, func(since tally) bool { return min(since.routes["api1"], since.routes["api2"]) >= steady })
	t.Logf("%s: %d requests acknowledged by each route within %s", when, steady, time.Since(began).Round(time.Millisecond))
}

// writes fails the test unless the functions say that they write in these ways.
func (r *rig) writes(t *testing.T, api1, api2 string) {
	t.Helper()
	for route, writer := range map[string]string{"api1": api1, "api2": api2} {
		content, err := os.ReadFile(filepath.Join(r.Logs(), route+".log"))
		if err != nil || !strings.Contains(string(content), `"PULSO_WRITER":"`+writer+`"`) {
			t.Fatalf("%s does not say that its writer is %s: %v", route, writer, err)
		}
	}
}

// kill ends a part by SIGKILL while requests are in flight, and says when.
func (r *rig) kill(t *testing.T, name string) time.Time {
	t.Helper()
	at := time.Now()
	if err := r.Kill(name); err != nil {
		t.Fatal(err)
	}
	return at
}

func (r *rig) restart(t *testing.T, name string) {
	t.Helper()
	if err := r.Restart(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

// settle ends a run: the service is well again, the users finish what they have begun, the functions end in order, and
// then the account must be right. It returns what is stored.
func (r *rig) settle(t *testing.T) []sample.Row {
	t.Helper()
	r.progress(t, "after the fault")
	close(r.rest)
	finished := make(chan struct{})
	go func() {
		r.users.Wait()
		close(finished)
	}()
	select {
	case <-finished:
	case <-time.After(patience):
		t.Errorf("not everybody was acknowledged within %s", patience)
		r.giveUp()
		<-finished
	}
	return r.audit(t)
}

// audit ends the functions, so that nothing is stored any more, and holds the account against the database.
func (r *rig) audit(t *testing.T) []sample.Row {
	t.Helper()
	select {
	case err := <-r.Died():
		t.Error(err)
	default:
	}
	var ending sync.WaitGroup
	for _, name := range []string{"api1", "api2"} {
		ending.Go(func() {
			if err := r.Terminate(name); err != nil {
				t.Error(err)
			}
		})
	}
	ending.Wait()
	db, err := store.Open(r.DSN(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	visible, err := db.RowsAfter(t.Context(), 0, nil, allRows)
	if err != nil || len(visible) == allRows {
		t.Fatalf("%d rows, %v", len(visible), err)
	}
	rows := make([]sample.Row, len(visible))
	for i, v := range visible {
		rows[i] = v.Row
	}
	faults := audit(r.parcels, rows)
	for _, fault := range faults[:min(10, len(faults))] {
		t.Error(fault)
	}
	seen := r.tally()
	t.Logf("%d parcels, %d rows, %d faults; acknowledged %v; not stored %d, refused %d, unknown %d", len(r.parcels), len(rows),
		len(faults), seen.routes, seen.verdicts[notStored], seen.verdicts[refused], seen.verdicts[unknown])
	return rows
}

// entrySaid is what the entry point logged of routes that gave no answer, while an attempt was in flight: of this one, and
// perhaps of a few others.
func (r *rig) entrySaid(t *testing.T, a attempt) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(r.Logs(), "entry.log"))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for line := range strings.Lines(string(content)) {
		var event struct {
			Time         time.Time
			Route, Error string
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if event.Error != "" && event.Time.After(a.began) && event.Time.Before(a.ended) && len(said) < 5 {
			said = append(said, event.Route+": "+event.Error)
		}
	}
	return strings.Join(said, "; ")
}

// showLogs shows the ends of the logs, which go with the test's folder.
func (r *rig) showLogs(t *testing.T) {
	const enough = 3000
	for _, name := range []string{"api1", "api2", "entry", "mariadb"} {
		content, err := os.ReadFile(filepath.Join(r.Logs(), name+".log"))
		t.Logf("%s: %v …%s", name, err, content[max(0, len(content)-enough):])
	}
}
