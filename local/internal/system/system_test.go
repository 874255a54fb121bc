package system_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/mariadb"
	"github.com/pulso-lab/pulso/local/internal/system"
)

var binaries string

// TestMain builds the real programs.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pulso-system-")
	if err != nil {
		log.Fatal(err)
	}
	binaries = filepath.Join(dir, "bin")
	for name, folder := range map[string]string{
		"agent": "agent", "workload": "agent/workload", "functions": "functions/cmd", "socket": "socket", "frontend": "frontend/server",
	} {
		build := exec.Command("go", "build", "-o", filepath.Join(binaries, name), "./"+folder)
		build.Dir = "../../.."
		if out, err := build.CombinedOutput(); err != nil {
			log.Fatalf("%v\n%s", err, out)
		}
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

func config(t *testing.T) system.Config {
	t.Helper()
	pages, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(pages, "index.html"), []byte("<!doctype html><title>Pulso</title>"), 0o600); err != nil {
		t.Fatal(err)
	}
	ports, err := system.Free(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return system.Config{Binaries: binaries, Pages: pages, Dir: dir, Ports: ports, Interval: "100ms"}
}

func start(t *testing.T, c system.Config) *system.System {
	t.Helper()
	s, err := system.Start(t.Context(), c)
	if err != nil {
		if strings.Contains(err.Error(), mariadb.ErrNotInstalled.Error()) && os.Getenv("CI") != "true" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	return s
}

// ours are the process ids of this test's children that run one of the binaries or the database.
func ours(t *testing.T, c system.Config) map[string]int {
	t.Helper()
	pids := map[string]int{}
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		line, err := os.ReadFile(filepath.Join(folder, "cmdline"))
		if err != nil || !strings.Contains(string(line), c.Binaries) && !strings.Contains(string(line), c.Dir) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(string(line), "\x00")
		pids[filepath.Base(name)] = pid
	}
	return pids
}

func TestAPartThatDiesIsNamedAndNothingIsLeftBehind(t *testing.T) {
	c := config(t)
	s := start(t, c)
	before := ours(t, c)
	if len(before) != 6 { // api1 and api2 are one binary
		t.Errorf("running: %v", before)
	}
	if err := syscall.Kill(before["agent"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.Died():
		if want := "agent ended (signal: killed); its log: " + filepath.Join(s.Logs(), "agent.log"); err.Error() != want {
			t.Errorf("said %q, want %q", err, want)
		}
	case <-time.After(20 * time.Second):
		t.Error("nobody noticed")
	}
	if err := s.Stop(); err != nil {
		t.Errorf("said again by Stop, or another part did not end well: %v", err)
	}
	if left := ours(t, c); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAPartThatIsKilledOnPurposeComesBack(t *testing.T) {
	c := config(t)
	c.Only = []string{"api1", "api2"}
	c.Environment = func(part, dsn string) []string {
		return []string{"PULSO_DB_POOL=3", "PULSO_DB_DSN=" + dsn + "?collation=utf8mb4_bin", "PULSO_INGEST_TOKEN=" + part}
	}
	s := start(t, c)
	if running := ours(t, c); len(running) != 2 {
		t.Errorf("running: %v; want the functions and MariaDB", running)
	}
	for _, name := range []string{system.Database, "api1"} {
		if err := s.Kill(name); err != nil {
			t.Fatal(err)
		}
		if err := s.Kill(name); err == nil {
			t.Errorf("%s was killed twice", name)
		}
		if err := s.Restart(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Terminate("api2"); err != nil {
		t.Fatal(err)
	}
	if err := s.Terminate("api2"); err == nil {
		t.Error("what had ended was ended again")
	}
	if err := s.Restart(t.Context(), "api2"); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(s.Logs(), "api2.log"))
	if err != nil || !strings.Contains(string(log), `"PULSO_DB_POOL":"3"`) {
		t.Errorf("%v; what the environment adds is not in %s", err, log)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Entry()+"/api", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("the entry point answers %d", response.StatusCode)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-s.Died():
		t.Errorf("reported as if it had died by itself: %v", err)
	default:
	}
	if left := ours(t, c); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTheDatabaseIsKeptBetweenRuns(t *testing.T) {
	c := config(t)
	for range 2 {
		s := start(t, c)
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPartThatCannotStartEndsAllOthers(t *testing.T) {
	c := config(t)
	c.Pages = "/nowhere"
	_, err := system.Start(t.Context(), c)
	if err != nil && strings.Contains(err.Error(), mariadb.ErrNotInstalled.Error()) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err == nil || strings.Count(err.Error(), "frontend ended (exit status 1); its log: ") != 1 {
		t.Errorf("said %v", err)
	}
	if left := ours(t, c); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	c := config(t)
	var listen net.ListenConfig
	ln, err := listen.Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", c.Ports.Entry))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, err = system.Start(t.Context(), c)
	if want := fmt.Sprintf("port %d, which the entry point needs, is taken", c.Ports.Entry); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("said %v, want %q", err, want)
	}
}

func TestABinaryThatIsMissingIsNamed(t *testing.T) {
	c := config(t)
	c.Binaries = t.TempDir()
	if _, err := system.Start(t.Context(), c); err == nil || !strings.Contains(err.Error(), "functions is not there: run `make build`") {
		t.Errorf("said %v", err)
	}
}

func TestStartStopsWhenItIsInterrupted(t *testing.T) {
	c := config(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := system.Start(ctx, c); err == nil {
		t.Error("started")
	}
	if left := ours(t, c); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
