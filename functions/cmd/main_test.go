package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store/storetest"
)

var binary string

// TestMain builds the real program: the framework keeps what it serves in globals of the process.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pulso-functions-")
	if err != nil {
		log.Fatal(err)
	}
	binary = filepath.Join(dir, "functions")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		log.Fatalf("%v\n%s", err, out)
	}
	code := storetest.Run(m)
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

// program is a function that runs.
type program struct {
	t       *testing.T
	cmd     *exec.Cmd
	address string
	dsn     string
}

func start(t *testing.T, target string, variables ...string) *program {
	t.Helper()
	p := &program{t: t, dsn: storetest.DSN(t)}
	p.cmd = exec.Command(binary)
	p.cmd.Env = append(os.Environ(), "FUNCTION_TARGET="+target, "PORT=0", "PULSO_LISTEN=127.0.0.1", "PULSO_DB_DSN="+p.dsn, "PULSO_MIGRATE=on")
	p.cmd.Env = append(p.cmd.Env, variables...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	listening := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line struct{ Message, Address string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Message == "listening" {
				listening <- line.Address
			}
		}
	}()
	select {
	case p.address = <-listening:
	case <-time.After(30 * time.Second):
		t.Fatal("it does not listen")
	}
	return p
}

// post sends a sample and gives the status.
func (p *program) post() (int, error) {
	body, err := os.ReadFile("../../docs/sample.json")
	if err != nil {
		return 0, err
	}
	response, err := http.Post("http://"+p.address+"/api", "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func (p *program) get(path string) (int, string) {
	p.t.Helper()
	response, err := http.Get("http://" + p.address + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// exited is the exit code, within the ten seconds that Cloud Run gives.
func (p *program) exited(since time.Time) int {
	p.t.Helper()
	done := make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // the exit code says how it ended
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Until(since.Add(10 * time.Second))):
		p.t.Fatal("still there ten seconds after SIGTERM")
	}
	return p.cmd.ProcessState.ExitCode()
}

func TestDrain(t *testing.T) {
	for target, writer := range map[string]string{"api1": "direct", "api2": "batch"} {
		t.Run(writer, func(t *testing.T) {
			p := start(t, target)
			if _, page := p.get("/stats"); !strings.Contains(page, writer) {
				t.Errorf("/stats of %s does not say %s:\n%s", target, writer, page)
			}
			// Nobody can write until the test says so.
			db := storetest.Plain(t, p.dsn)
			lock, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = lock.Close() }()
			if _, err := lock.ExecContext(t.Context(), "FLUSH TABLES WITH READ LOCK"); err != nil {
				t.Fatal(err)
			}
			statuses := make(chan int, 2)
			send := func() {
				status, err := p.post()
				if err != nil {
					t.Errorf("cut off: %v", err)
				}
				statuses <- status
			}
			go send()
			for n := 0; n == 0; {
				err := lock.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'INSERT INTO samples%'").Scan(&n)
				if err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			for status := 0; status != 503; status, _ = p.get("/ready") {
			}
			if status, _ := p.get("/health"); status != 200 {
				t.Errorf("/health: %d", status)
			}
			go send()                          // the load balancer has not noticed yet
			time.Sleep(200 * time.Millisecond) // so that it comes before the end of the lock
			if _, err := lock.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if status := <-statuses; status != 201 {
					t.Errorf("answered %d", status)
				}
			}
			if status, err := p.post(); err != nil || status != 201 {
				t.Errorf("within the two seconds: %d, %v", status, err)
			}
			if code := p.exited(began); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if took := time.Since(began); took < lameDuck {
				t.Errorf("gone after %s, before a load balancer can notice", took)
			}
			var rows, counted int
			err = db.QueryRowContext(t.Context(), "SELECT (SELECT COUNT(*) FROM samples), (SELECT SUM(stored_rows) FROM route_stats)").Scan(&rows, &counted)
			if err != nil || rows != 3 || counted != 3 {
				t.Errorf("%d rows stored, %d counted, %v; want 3", rows, counted, err)
			}
		})
	}
}

// Clients that begin something and do not go on are left within seconds, and others are served meanwhile.
func TestHalfOpenClients(t *testing.T) {
	p := start(t, "api2")
	const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for name, says := range map[string]string{
		"nothing":            "",
		"half a header":      head,
		"half a body":        head + "Content-Length: 100\r\n\r\n{",
		"a chunk of a body":  head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
		"a drip of a header": "POST / HTTP/1.1\r\nX-A: ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, says); err != nil {
				t.Fatal(err)
			}
			dripping, stop := context.WithCancel(t.Context())
			defer stop()
			if strings.Contains(name, "drip") {
				go func() {
					for dripping.Err() == nil {
						_, _ = io.WriteString(conn, "a")
						time.Sleep(100 * time.Millisecond)
					}
				}()
			}
			if status, err := p.post(); err != nil || status != 201 {
				t.Errorf("meanwhile: %d, %v", status, err)
			}
			began := time.Now()
			_ = conn.SetReadDeadline(began.Add(15 * time.Second))
			answer, err := io.ReadAll(conn)
			if os.IsTimeout(err) {
				t.Fatalf("still held after %s", time.Since(began))
			}
			if wants408 := strings.Contains(name, "body"); wants408 != strings.HasPrefix(string(answer), "HTTP/1.1 408") {
				t.Errorf("answered %.60q", answer)
			}
		})
	}
}

func TestAWrongConfigurationIsNamed(t *testing.T) {
	cmd := exec.Command(binary)
	cmd.Env = []string{"FUNCTION_TARGET=api3", "PULSO_WRITER=fast", "PULSO_DB_DSN=root:geheim@nowhere"}
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("it started")
	}
	for name, wrong := range map[string]bool{"FUNCTION_TARGET": true, "PULSO_WRITER": true, "PULSO_DB_DSN": true, "PULSO_DB_POOL": false} {
		if strings.Contains(string(out), name+" ") != wrong {
			t.Errorf("%s is wrong (%t): %s", name, wrong, out)
		}
	}
	if strings.Contains(string(out), "geheim") {
		t.Errorf("the password is shown: %s", out)
	}
}

// A client that asks and asks, and reads nothing, does not hold a drain.
func TestAClientThatDoesNotReadDoesNotHoldTheDrain(t *testing.T) {
	p := start(t, "api1")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(2 << 10); err != nil {
		t.Fatal(err)
	}
	asking := strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 1000)
	for stuck := false; !stuck; { // until the server takes no more, because it cannot get rid of its answers
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, err := io.WriteString(conn, asking)
		stuck = err != nil
	}
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.exited(began); code != 0 {
		t.Errorf("exit code %d after %s", code, time.Since(began))
	}
}
