// Package check is a list of checks, what each of them needs, and what was found.
//
// A check looks at one thing. One whose needs were not met is not made, and says so: what could not be looked at is
// neither well nor ill, and is never left out of the list.
package check

import (
	"context"
	"fmt"
	"sync"
)

// State is how a thing is.
type State int

// The states, from good to unknown.
const (
	OK      State = iota
	Warn          // it works, but somebody should know
	Failed        // something does not work
	Skipped       // nobody looked; the detail says why
)

func (s State) String() string { return [...]string{"ok", "warn", "FAIL", "not checked"}[s] }

// Finding is what a check found.
type Finding struct {
	State  State
	Detail string
	// Cure is what to type, line by line; a line that begins with # is for reading.
	Cure []string
}

// Good is a finding that needs no cure.
func Good(format string, args ...any) Finding {
	return Finding{State: OK, Detail: fmt.Sprintf(format, args...)}
}

// Warning is a finding that stops nothing.
func Warning(detail string, cure ...string) Finding {
	return Finding{State: Warn, Detail: detail, Cure: cure}
}

// Failure is a finding with what to do about it.
func Failure(detail string, cure ...string) Finding {
	return Finding{State: Failed, Detail: detail, Cure: cure}
}

// Unknown says why nobody looked.
func Unknown(why string, cure ...string) Finding {
	return Finding{State: Skipped, Detail: why, Cure: cure}
}

// Check is one row of the table.
type Check struct {
	Area, Name string
	// Needs are the names of checks, earlier in the list, without whose good end there is nothing to look at.
	Needs []string
	Look  func(context.Context) Finding
}

// Result is a check with what it found.
type Result struct {
	Check
	Finding
	// Asked are the commands with which it looked, as a person would type them.
	Asked []string
}

// notes are the commands of one check. A check may ask several things at once.
type notes struct {
	mu    sync.Mutex
	lines []string
}

type notesKey struct{}

// Note records a command with which the check of this context looks.
func Note(ctx context.Context, line string) {
	n, ok := ctx.Value(notesKey{}).(*notes)
	if !ok {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, line)
}
