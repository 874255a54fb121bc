package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/phase"
)

const quietly = 10 * time.Second // between lines where the output is not a terminal

// progress shows how a phase goes: one line that moves on a terminal, one line now and then elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	total    time.Duration // phase 1 runs for a set time
	users    int           // the most so far: they leave again when a phase ends
	line     string        // the last state
	printed  string        // what was last printed
	at       time.Time     // when
}

func newProgress(out *os.File, total time.Duration) *progress {
	info, err := out.Stat()
	return &progress{out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0, total: total}
}

func (p *progress) show(s phase.Progress) {
	p.users = max(p.users, s.Users)
	if s.Phase == 1 {
		p.line = fmt.Sprintf("  %s of %s  %3d users  %6d requests  %d failed  %3d distinct samples",
			clock(min(s.Elapsed, p.total.Seconds())), clock(p.total.Seconds()), p.users, s.Requests, s.Failures, s.Distinct)
	} else {
		p.line = fmt.Sprintf("  %s  %3d users  %5d of %d acknowledged  api1 %d  api2 %d  %d retried",
			clock(s.Elapsed), p.users, s.Acknowledged, s.Total, s.Routes["api1"], s.Routes["api2"], s.Retried)
	}
	if p.terminal || time.Since(p.at) >= quietly {
		p.print()
	}
}

func (p *progress) print() {
	if p.terminal {
		padding := strings.Repeat(" ", max(0, len(p.printed)-len(p.line)))
		_, _ = fmt.Fprintf(p.out, "\r%s%s", p.line, padding)
	} else {
		_, _ = fmt.Fprintln(p.out, p.line)
	}
	p.printed, p.at = p.line, time.Now()
}

// end leaves the last state behind.
func (p *progress) end() {
	if p.line != p.printed {
		p.print()
	}
	if p.terminal && p.line != "" {
		_, _ = fmt.Fprintln(p.out)
	}
}

func clock(seconds float64) string { return fmt.Sprintf("%d:%02d", int(seconds)/60, int(seconds)%60) }
