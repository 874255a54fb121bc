package procfs

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

// Fields of /proc/[pid]/stat after the name, counted from the state as 0 (proc_pid_stat(5) numbers them from 3).
const (
	fieldUtime     = 11
	fieldStime     = 12
	fieldStarttime = 19
	fieldRSS       = 21
)

// kibPerPage is the size of the pages in which the kernel counts resident memory.
var kibPerPage = uint64(os.Getpagesize()) / 1024

// parseStat reads the line of one process: `pid (name) state …`. The name is whatever the process chose, spaces and
// parentheses included, so it ends at the line's last parenthesis: only numbers follow.
func parseStat(line []byte) (vitals.Process, error) {
	open := bytes.IndexByte(line, '(')
	end := bytes.LastIndexByte(line, ')')
	if open < 1 || end < open {
		return vitals.Process{}, fmt.Errorf("stat has no name in parentheses: %.80q", line)
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(line[:open])))
	if err != nil {
		return vitals.Process{}, fmt.Errorf("stat does not begin with a pid: %.80q", line)
	}
	p := vitals.Process{PID: pid, Name: string(line[open+1 : end])}

	var utime, stime, pages uint64
	field := 0
	for text := range bytes.FieldsSeq(line[end+1:]) {
		switch field {
		case 0:
			p.State = text[0]
		case fieldUtime:
			utime, err = strconv.ParseUint(string(text), 10, 64)
		case fieldStime:
			stime, err = strconv.ParseUint(string(text), 10, 64)
		case fieldStarttime:
			p.Start, err = strconv.ParseUint(string(text), 10, 64)
		case fieldRSS:
			pages, err = strconv.ParseUint(string(text), 10, 64)
		}
		if err != nil {
			return vitals.Process{}, fmt.Errorf("stat field %d: %w", field+3, err)
		}
		if field == fieldRSS {
			p.CPU, p.RSSKiB = (utime+stime)*nsPerTick, pages*kibPerPage
			return p, nil
		}
		field++
	}
	return vitals.Process{}, fmt.Errorf("stat has only %d fields: %.80q", field+2, line)
}
