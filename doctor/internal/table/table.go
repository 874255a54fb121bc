// Package table prints the results of checks for people: one row each, with the cure under it, ready to be copied.
package table

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pulso-lab/pulso/doctor/internal/check"
)

const width = 100 // of a line, in characters

// Table prints rows as they come.
type Table struct {
	// Color is for terminals.
	Color bool
	// Commands asks for the commands under each row with which its check looked.
	Commands bool

	out        io.Writer
	area, name int // widths
	count      map[check.State]int
}

// stateWidth fits the longest state.
var stateWidth = len(check.Skipped.String())

// New returns a table whose columns fit all the checks.
func New(out io.Writer, checks []check.Check) *Table {
	t := &Table{out: out, area: len("cure") + 2, count: map[check.State]int{}}
	for _, c := range checks {
		t.area, t.name = max(t.area, len(c.Area)), max(t.name, len(c.Name))
	}
	return t
}

var colors = map[check.State]string{check.OK: "32", check.Warn: "33", check.Failed: "1;31", check.Skipped: "2"}

// Head prints the names of the columns.
func (t *Table) Head() {
	t.print("%-*s  %-*s  %-*s  %s\n", t.area, "area", t.name, "check", stateWidth, "state", "what was found")
}

// Row prints a result.
func (t *Table) Row(r check.Result) {
	t.count[r.State]++
	state := t.paint(colors[r.State], fmt.Sprintf("%-*s", stateWidth, r.State))
	before := t.area + 2 + t.name + 2 + stateWidth + 2
	detail := wrap(r.Detail, width-before, false)
	line := fmt.Sprintf("%-*s  %-*s  %s  %s", t.area, r.Area, t.name, r.Name, state, detail[0])
	t.print("%s\n", strings.TrimRight(line, " "))
	for _, more := range detail[1:] {
		t.print("%*s%s\n", before, "", more)
	}
	t.below("cure", "36", r.Cure)
	if t.Commands {
		t.below("asked", "2", r.Asked)
	}
}

// below prints lines under a row.
func (t *Table) below(label, color string, lines []string) {
	label = "  " + label
	for _, line := range lines {
		for _, part := range wrap(line, width-t.area-2, true) {
			t.print("%-*s  %s\n", t.area, label, t.paint(color, part))
			label = ""
		}
	}
}

// Sum prints how many rows there were of each state.
func (t *Table) Sum() {
	var parts []string
	for _, state := range []check.State{check.OK, check.Warn, check.Failed, check.Skipped} {
		if n := t.count[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	t.print("\n%s\n", strings.Join(parts, ", "))
}

// Failed says how many checks failed.
func (t *Table) Failed() int { return t.count[check.Failed] }

func (t *Table) paint(color, text string) string {
	if !t.Color {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// print does not report what cannot be written: there is nobody left to tell.
func (t *Table) print(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format, args...) }

// printable is a line without what a terminal would obey: much of it is the words of others.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, line)
}

// wrap breaks a line between its words. A command goes on after a backslash, and a remark begins with # again, so that
// the lines can be pasted into a shell as they are.
func wrap(line string, limit int, shell bool) []string {
	again, end := "", ""
	switch {
	case shell && strings.HasPrefix(line, "#"):
		again = "# "
	case shell:
		again, end = "  ", ` \`
	}
	lines := []string{""}
	for i, word := range words(printable(line), shell) {
		last := &lines[len(lines)-1]
		switch {
		case i == 0:
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word)+len(end) <= limit:
			*last += " " + word
		default:
			*last += end
			lines = append(lines, again+word)
		}
	}
	return lines
}

// words are the parts of a line between which it can be broken: not within quotes.
func words(line string, shell bool) []string {
	if !shell || strings.HasPrefix(line, "#") {
		return strings.Fields(line)
	}
	quote := rune(0)
	return strings.FieldsFunc(line, func(c rune) bool {
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		}
		return quote == 0 && c == ' '
	})
}
