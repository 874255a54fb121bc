package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/local/internal/phase"
)

const quietly = 10 * time.Second // between lines where the output is not a terminal

// progress shows how a phase goes: one line that moves on a terminal, one line now and then elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	total    time.Duration // phase 1 runs for a set time
	last     time.Time     // when a line was last printed
	width    int           // of the line on the terminal
}

func newProgress(out *os.File, total time.Duration) *progress {
	info, err := out.Stat()
	return &progress{out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0, total: total}
}

func (p *progress) show(s phase.Progress) {
	line := fmt.Sprintf("  %s  %3d users", clock(s.Elapsed), s.Users)
	if s.Phase == 1 {
		line = fmt.Sprintf("  %s of %s  %3d users  %6d requests  %d failed  %3d distinct samples",
			clock(s.Elapsed), clock(p.total.Seconds()), s.Users, s.Requests, s.Failures, s.Distinct)
	} else {
		line += fmt.Sprintf("  %5d of %d acknowledged  api1 %d  api2 %d  %d retried",
			s.Acknowledged, s.Total, s.Routes["api1"], s.Routes["api2"], s.Retried)
	}
	switch {
	case p.terminal:
		padding := strings.Repeat(" ", max(0, p.width-len(line)))
		_, _ = fmt.Fprintf(p.out, "\r%s%s", line, padding)
		p.width = len(line)
	case time.Since(p.last) >= quietly:
		p.last = time.Now()
		_, _ = fmt.Fprintln(p.out, line)
	}
}

// end leaves the moving line behind.
func (p *progress) end() {
	if p.terminal && p.width > 0 {
		_, _ = fmt.Fprintln(p.out)
	}
}

func clock(seconds float64) string { return fmt.Sprintf("%d:%02d", int(seconds)/60, int(seconds)%60) }
