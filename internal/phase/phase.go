// Package phase runs Locust, as a person would, for one of the two phases of a run.
package phase

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// stopTimeout is how long Locust may take to end its users and write its files after Ctrl-C.
const stopTimeout = 15 * time.Second

// Entry is phase 1: users load the VM and record its metrics.
type Entry struct {
	Name             string // of the run
	Users, SpawnRate int
	Duration         time.Duration
	Ramp             bool // steps up to the users and beyond until the VM is saturated, instead of a set time
	Records          int
	Agent, Work      string // addresses
	Recording        string // the file to write
}

// Exit is phase 2: users replay the recording into the entry point.
type Exit struct {
	Name             string // of the run
	Users, SpawnRate int
	FullSpeed        bool
	EntryPoint       string // address
	Recording        string // the file to read
	Summary          string // the file to write
}

// Progress is what a phase says of itself once a second.
type Progress struct {
	Phase        int            `json:"phase"`
	Users        int            `json:"users"`
	Elapsed      float64        `json:"elapsed"`      // seconds
	Requests     int            `json:"requests"`     // phase 1
	Failures     int            `json:"failures"`     // phase 1
	Distinct     int            `json:"distinct"`     // phase 1: different samples so far
	Acknowledged int            `json:"acknowledged"` // phase 2
	Total        int            `json:"total"`        // phase 2
	Retried      int            `json:"retried"`      // phase 2
	Routes       map[string]int `json:"routes"`       // phase 2: acknowledged by each route
}

// Summary is what phase 2 found in the end.
type Summary struct {
	Records         int              `json:"records"`
	DistinctSamples int              `json:"distinct_samples"`
	Acknowledged    int              `json:"acknowledged"`
	Retried         int              `json:"retried"`
	Refused         int              `json:"refused"`
	Left            int              `json:"left"`
	Seconds         float64          `json:"seconds"`
	Routes          map[string]Route `json:"routes"`
	AcknowledgedIDs []int64          `json:"acknowledged_ids"`
}

// Route is what phase 2's users saw of one route.
type Route struct {
	Count int     `json:"count"`
	Share float64 `json:"share"` // percent
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
}

// Locust is where Locust and its two files are.
type Locust struct {
	Command string // the program
	Files   string // the folder of the two locust files
	Logs    string // the folder for what it prints
}

// Enter runs phase 1.
func (l Locust) Enter(ctx context.Context, e Entry, show func(Progress)) error {
	arguments := []string{
		"--name", e.Name, "--host", e.Agent, "--target-url", e.Work, "--users", strconv.Itoa(e.Users), "--spawn-rate", strconv.Itoa(e.SpawnRate),
		"--records", strconv.Itoa(e.Records), "--recording", e.Recording,
	}
	if e.Ramp {
		arguments = append(arguments, "--ramp")
	} else {
		arguments = append(arguments, "--run-time", strconv.Itoa(int(e.Duration.Seconds()))+"s")
	}
	return l.run(ctx, "phase 1", "trafico_entrada.py", show, arguments...)
}

// Leave runs phase 2.
func (l Locust) Leave(ctx context.Context, e Exit, show func(Progress)) (Summary, error) {
	arguments := []string{
		"--name", e.Name, "--host", e.EntryPoint, "--users", strconv.Itoa(e.Users), "--spawn-rate", strconv.Itoa(e.SpawnRate),
		"--recording", e.Recording, "--summary", e.Summary,
	}
	if e.FullSpeed {
		arguments = append(arguments, "--full-speed")
	}
	if err := l.run(ctx, "phase 2", "trafico_salida.py", show, arguments...); err != nil {
		return Summary{}, err
	}
	content, err := os.ReadFile(e.Summary)
	if err != nil {
		return Summary{}, fmt.Errorf("phase 2: %w", err)
	}
	var s Summary
	if err := json.Unmarshal(content, &s); err != nil {
		return Summary{}, fmt.Errorf("phase 2: %s: %w", e.Summary, err)
	}
	return s, nil
}

func (l Locust) run(ctx context.Context, name, file string, show func(Progress), arguments ...string) error {
	logPath := filepath.Join(l.Logs, file+".log")
	log, err := os.Create(logPath)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(ctx, l.Command, append([]string{"--locustfile", filepath.Join(l.Files, file), "--headless", "--only-summary"}, arguments...)...) //nolint:gosec // our own arguments
	cmd.Env = append(os.Environ(), "PULSO_PROGRESS=json", "PYTHONUNBUFFERED=1")
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	output, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: start Locust: %w", name, err)
	}
	readErr := follow(output, log, show)
	if err := errors.Join(cmd.Wait(), readErr); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("%s failed (%w): %s; its log: %s", name, err, lastLine(logPath), logPath)
	}
	return nil
}

// follow shows the lines of progress and logs the others.
func follow(output io.Reader, log io.Writer, show func(Progress)) error {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		var p Progress
		if bytes.HasPrefix(lines.Bytes(), []byte(`{"phase"`)) && json.Unmarshal(lines.Bytes(), &p) == nil {
			show(p)
			continue
		}
		if _, err := fmt.Fprintf(log, "%s\n", lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// lastLine is the last line of a log that says something.
func lastLine(path string) string {
	content, _ := os.ReadFile(path) // an error about the error helps nobody
	lines := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	return string(lines[len(lines)-1])
}
