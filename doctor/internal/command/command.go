// Package command asks programs: those that a person would type, so that whoever doubts an answer can ask again.
package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pulso-lab/pulso/doctor/internal/check"
)

// Run asks a program and returns what it printed, or an *Error. Tests put their own in the place of New's.
type Run func(ctx context.Context, argv ...string) ([]byte, error)

// New returns a Run that has at most limit programs running, each for no longer than patience, and asks the same only
// once.
func New(limit int, patience time.Duration) Run {
	slots := make(chan struct{}, limit)
	var mu sync.Mutex
	answers := map[string]func() ([]byte, error){}
	return func(ctx context.Context, argv ...string) ([]byte, error) {
		line := Line(argv...)
		check.Note(ctx, line)
		mu.Lock()
		answer, asked := answers[line]
		if !asked {
			answer = sync.OnceValues(func() ([]byte, error) {
				slots <- struct{}{}
				defer func() { <-slots }()
				return start(ctx, patience, argv)
			})
			answers[line] = answer
		}
		mu.Unlock()
		return answer()
	}
}

func start(ctx context.Context, patience time.Duration, argv []string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the programs are ours to name
	// It asks nobody anything, and does not look for updates.
	c.Env = append(os.Environ(), "CLOUDSDK_CORE_DISABLE_PROMPTS=1", "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=1", "LC_ALL=C.UTF-8")
	c.Stdout, c.Stderr = &stdout, &stderr
	// gcloud is a shell script with a program under it: they end together.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	err := c.Run()
	if err == nil {
		return stdout.Bytes(), nil
	}
	failure := &Error{Line: Line(argv...), Reason: reason(stderr.String()), Err: err}
	if cause := context.Cause(ctx); cause != nil {
		failure.Reason, failure.Err = cause.Error(), cause
	} else if failure.Reason == "" {
		failure.Reason = err.Error()
	}
	return nil, failure
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./:=@,+%-]+$`)

// Line is the command as a shell takes it.
func Line(argv ...string) string {
	quoted := make([]string, len(argv))
	for i, word := range argv {
		if quoted[i] = word; !plain.MatchString(word) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
