package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

var binary string

// TestMain builds the real program, for signals and exit codes.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pulso-migrator-")
	if err != nil {
		log.Fatal(err)
	}
	binary = filepath.Join(dir, "migrator")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		log.Fatalf("%v\n%s", err, out)
	}
	code := storetest.Run(m)
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

// world is an empty database, and users who have no rights in it.
type world struct {
	t              *testing.T
	config         *mysql.Config
	ingest, socket string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	config, err := mysql.ParseDSN(storetest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, config: config, ingest: "api1-" + config.DBName, socket: "socket-" + config.DBName}
	w.exec("CREATE USER '%s'@'%%', '%s'@'%%'", w.ingest, w.socket)
	return w
}

func (w *world) exec(format string, args ...any) {
	w.t.Helper()
	if _, err := storetest.Plain(w.t, w.config.FormatDSN()).ExecContext(w.t.Context(), fmt.Sprintf(format, args...)); err != nil {
		w.t.Fatal(err)
	}
}

// dsn is the database for this user.
func (w *world) dsn(user string) string {
	config := w.config.Clone()
	config.User = user
	return config.FormatDSN()
}

// enough is more than a migrator takes here; one that waits for what does not come is killed.
const enough = 30 * time.Second

// migrator is a process that runs.
type migrator struct {
	t      *testing.T
	cmd    *exec.Cmd
	events chan string // messages of its log, until it ends
	last   string      // the error of its last line
}

// start runs the migrator as root with variables that are right, and these in their place.
func (w *world) start(variables ...string) *migrator {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), enough)
	w.t.Cleanup(cancel)
	m := &migrator{t: w.t, cmd: exec.CommandContext(ctx, binary), events: make(chan string, 1000)}
	m.cmd.Env = append([]string{"PULSO_DB_DSN=" + w.dsn("root"), "PULSO_INGEST_USERS=" + w.ingest, "PULSO_SOCKET_USERS=" + w.socket}, variables...)
	stderr, err := m.cmd.StderrPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		defer close(m.events)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line struct{ Severity, Message, Error string }
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Severity == "" {
				w.t.Errorf("no line of a log: %s", lines.Bytes())
			}
			m.last = line.Error
			m.events <- line.Message
		}
	}()
	return m
}

// await returns when the log has the event.
func (m *migrator) await(event string) {
	m.t.Helper()
	for seen := range m.events {
		if seen == event {
			return
		}
	}
	m.t.Fatalf("it ended without %s: %s", event, m.last)
}

// end waits for its end, and returns its exit code and the error that it ended with.
func (m *migrator) end() (code int, reason string) {
	m.t.Helper()
	for range m.events { // until its last line is read
	}
	if err := m.cmd.Wait(); err != nil && m.cmd.ProcessState == nil {
		m.t.Fatal(err)
	}
	return m.cmd.ProcessState.ExitCode(), m.last
}

// want fails unless the migrator ends with 0, or with 1 and an error that says all of these.
func (m *migrator) want(code int, says ...string) {
	m.t.Helper()
	got, reason := m.end()
	if got != code {
		m.t.Errorf("exit code %d, %s", got, reason)
	}
	for _, what := range says {
		if !strings.Contains(reason, what) {
			m.t.Errorf("the error does not say %q: %s", what, reason)
		}
	}
}

// serve fails unless the services' users can do their work.
func (w *world) serve() {
	w.t.Helper()
	now := time.Now()
	r := store.Request{API: "api1", Key: "k", Samples: []sample.Sample{{Hora: sample.NewHora(now)}}, Recibido: sample.NewRecibido(now)}
	if _, err := storetest.Open(w.t, w.dsn(w.ingest)).Insert(w.t.Context(), r); err != nil {
		w.t.Error(err)
	}
	s := storetest.Open(w.t, w.dsn(w.socket))
	if err := s.Ping(w.t.Context()); err != nil {
		w.t.Error(err)
	}
	if rows := storetest.Marks(w.t, s); len(rows) != 1 {
		w.t.Errorf("%d rows", len(rows))
	}
}

func TestItMigratesGrantsAndEnds(t *testing.T) {
	w := newWorld(t)
	m := w.start()
	m.await("tables_up_to_date")
	m.await("rights_granted")
	m.want(0)
	w.serve()
	w.start().want(0) // again
}

func TestSeveralAtOnce(t *testing.T) {
	w := newWorld(t)
	var running []*migrator
	for range 4 {
		running = append(running, w.start())
	}
	for _, m := range running {
		m.want(0)
	}
	w.serve()
}

func TestAUserWhoIsNotThereIsNamed(t *testing.T) {
	w := newWorld(t)
	w.start("PULSO_INGEST_USERS="+w.ingest+", nobody", "PULSO_SOCKET_USERS=noone").want(1, `"nobody"`, `"noone"`, "gcloud sql users create")
	w.start("PULSO_SOCKET_USERS=" + w.socket).want(0)
	w.serve()
}

func TestAUserOfItsOwnWithoutRights(t *testing.T) {
	w := newWorld(t)
	own := "PULSO_DB_DSN=" + w.dsn("own-"+w.config.DBName)
	w.exec("CREATE USER 'own-%s'@'%%'", w.config.DBName)
	w.start(own).want(1, "Access denied", "cloudsqlsuperuser")
	w.exec("GRANT SELECT ON %[1]s.* TO 'own-%[1]s'@'%%'", w.config.DBName)
	w.start(own).want(1, "CREATE command denied", "cloudsqlsuperuser")
	w.exec("GRANT ALL ON %[1]s.* TO 'own-%[1]s'@'%%'", w.config.DBName)
	w.start(own).want(1, "GRANT command denied", "cloudsqlsuperuser")
	w.exec("GRANT ALL ON %[1]s.* TO 'own-%[1]s'@'%%' WITH GRANT OPTION", w.config.DBName)
	w.start(own).want(0)
	w.serve()
}

// away is a database that is there once it is let in.
func (w *world) away() (variable string, let func()) {
	socket := w.config.Addr
	config := w.config.Clone()
	config.Addr = filepath.Join(w.t.TempDir(), "sock")
	return "PULSO_DB_DSN=" + config.FormatDSN(), func() {
		if err := os.Symlink(socket, config.Addr); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestItWaitsForTheDatabase(t *testing.T) {
	w := newWorld(t)
	dsn, come := w.away()
	m := w.start(dsn)
	m.await("database_away")
	come()
	m.want(0)
	w.serve()
}

func TestItDoesNotWaitForEver(t *testing.T) {
	s, err := store.Open("root@unix(/nowhere/sock)/pulso", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var out bytes.Buffer
	err = await(t.Context(), service.NewLogger(&out), s, 10*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "away for 10ms") || !strings.Contains(err.Error(), "/nowhere/sock") {
		t.Error(err)
	}
	if !strings.Contains(out.String(), `"severity":"WARNING","message":"database_away"`) {
		t.Error(out.String())
	}
}

// A Job must not count as complete before it is.
func TestASignalEndsTheWait(t *testing.T) {
	w := newWorld(t)
	dsn, _ := w.away()
	m := w.start(dsn)
	m.await("database_away")
	began := time.Now()
	m.terminate()
	m.want(1, "ended by a signal", "no such file")
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
}

func (m *migrator) terminate() {
	m.t.Helper()
	if err := m.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		m.t.Fatal(err)
	}
}

// What has begun is brought to its end, or the next one could not go on.
func TestASignalDoesNotBreakAMigrationOff(t *testing.T) {
	w := newWorld(t)
	begun := make(chan struct{})
	var once sync.Once
	way := storetest.Between(t, w.config.FormatDSN(), func(statement string) storetest.Fate {
		if !strings.Contains(statement, "CREATE TABLE routes_by_minute") {
			return storetest.Fate{}
		}
		once.Do(func() { close(begun) })
		return storetest.Fate{Answer: storetest.Leg{Delay: time.Second}}
	})
	m := w.start("PULSO_DB_DSN=" + way)
	<-begun
	m.terminate()
	m.want(1, "ended by a signal")
	w.start().want(0)
	w.serve()
}

func TestNonsenseIsNamed(t *testing.T) {
	for variables, says := range map[string][]string{
		"PULSO_INGEST_USERS=|PULSO_SOCKET_USERS= , |PULSO_DB_DSN=": {"PULSO_INGEST_USERS is not set", "PULSO_SOCKET_USERS is not set", "PULSO_DB_DSN is not set"},
		"PULSO_INGEST_USERS=a'b":                                   {`PULSO_INGEST_USERS names "a'b"`},
		"PULSO_INGEST_USERS=fine,a\\b":                             {`names "a\\b"`},
		"PULSO_INGEST_USERS=a@b.iam.gserviceaccount.com":           {`names "a@b.iam.gserviceaccount.com"`, "before the @"},
		"PULSO_SOCKET_USERS=" + strings.Repeat("x", 33):            {"PULSO_SOCKET_USERS names", "at most 32"},
		"PULSO_SOCKET_USERS=a\x01|PULSO_INGEST_USERS=señor":        {`names "a\x01"`, `names "señor"`},
		"PULSO_SOCKET_USERS=a\u00a0b|PULSO_DB_POOL=0":              {`names "a\u00a0b"`, "PULSO_DB_POOL"},
		"PULSO_CLOUDSQL_INSTANCE=p:r:i|PULSO_INGEST_USERS=`a`":     {"both set", "names \"`a`\""},
		"PULSO_DB_DSN=|PULSO_CLOUDSQL_INSTANCE=pulso":              {"project:region:instance", "PULSO_DB_USER is not set"},
	} {
		t.Run(variables, func(t *testing.T) {
			w := &world{t: t, config: &mysql.Config{Net: "unix", Addr: "/nowhere/sock", DBName: "pulso"}, ingest: "api1", socket: "socket"}
			w.start(strings.Split(variables, "|")...).want(1, says...)
		})
	}
}

func TestUsersAreReadWithAndWithoutSpaces(t *testing.T) {
	env := service.NewEnv(func(string) (string, bool) { return " a-1,b.c, d_e ,, " + strings.Repeat("x", 32), true })
	want := []string{"a-1", "b.c", "d_e", strings.Repeat("x", 32)}
	if got := readUsers(env, "U"); !slices.Equal(got, want) || env.Err() != nil {
		t.Errorf("%v, %v", got, env.Err())
	}
}
