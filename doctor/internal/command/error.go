package command

import (
	"errors"
	"os/exec"
	"regexp"
	"strings"
)

// Error says why a command failed.
type Error struct {
	Line   string // the command
	Reason string // in the program's own words
	Err    error
}

func (e *Error) Error() string { return e.Reason }

// Unwrap returns what ended the program.
func (e *Error) Unwrap() error { return e.Err }

// Kind is what can be done about an error.
type Kind int

// What a program's words come down to.
const (
	Other     Kind = iota
	Missing        // what was asked about is not there
	Denied         // this account may not ask
	LoggedOut      // this account must log in again
	Offline        // the other side was not reached
	NoProgram      // the program is not installed
)

// signs are by what a program's words are known; the first that fits counts.
var signs = []struct {
	kind  Kind
	words *regexp.Regexp
}{
	{Offline, regexp.MustCompile(`Max retries exceeded|Failed to resolve|Unable to connect to the server|no answer within|i/o timeout`)},
	{LoggedOut, regexp.MustCompile(`gcloud auth login|refreshing your current auth tokens|do not currently have an active account`)},
	{Denied, regexp.MustCompile(`(?i)PERMISSION_DENIED|does not have permission|required .* permission|\(Forbidden\)|code=403|HTTPError 403`)},
	{Missing, regexp.MustCompile(`(?i)NOT_FOUND|\(NotFound\)|not found|no instance found|doesn't have a resource type|does not exist|code=404|HTTPError 404`)},
}

// KindOf sorts an error of Run.
func KindOf(err error) Kind {
	if errors.Is(err, exec.ErrNotFound) {
		return NoProgram
	}
	var failure *Error
	if !errors.As(err, &failure) {
		return Other
	}
	for _, sign := range signs {
		if sign.words.MatchString(failure.Reason) {
			return sign.kind
		}
	}
	return Other
}

const longest = 200 // of a reason: a table is no log

var (
	spaces   = regexp.MustCompile(`\s+`)
	preamble = regexp.MustCompile(`^(?:ERROR: (?:\([a-z0-9.-]+\) )?|[Ee]rror: |Error from server )`)
	// What gcloud adds to the reason, whatever the reason is.
	trailer = regexp.MustCompile(` This command is authenticated .*| If you would like to report this issue.*`)
)

// reason is what a program says on standard error about why it failed, in one line.
func reason(stderr string) string {
	text := stderr
	if i := strings.Index(text, "ERROR: "); i >= 0 {
		text = text[i:] // after warnings
	}
	text = strings.TrimSpace(spaces.ReplaceAllString(text, " "))
	text = trailer.ReplaceAllString(preamble.ReplaceAllString(text, ""), "")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}
