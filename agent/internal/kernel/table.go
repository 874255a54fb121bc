package kernel

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

var (
	errTorn   = errors.New("the table's last line is torn")
	errEmpty  = errors.New("the table has no process")
	errNumber = errors.New("is not `pid ppid state cpu_ns rss_kib comm`")
	errName   = errors.New("comm is not escaped as \\xHH in lower case")
)

// parseTable reads the process table: a line `pid ppid state cpu_ns rss_kib comm` for each process.
func parseTable(text []byte) ([]vitals.Process, error) {
	if len(text) == 0 {
		return nil, errEmpty
	}
	processes := make([]vitals.Process, 0, bytes.Count(text, []byte{'\n'}))
	for len(text) > 0 {
		line, rest, whole := bytes.Cut(text, []byte{'\n'})
		if !whole {
			return nil, malformed(line, errTorn)
		}
		p, err := parseProcess(line)
		if err != nil {
			return nil, malformed(line, fmt.Errorf("line %d %w", len(processes)+1, err))
		}
		processes, text = append(processes, p), rest
	}
	return processes, nil
}

// parseProcess reads a line. The parent is nothing that a sample tells; it must be a number all the same.
func parseProcess(line []byte) (vitals.Process, error) {
	s := scanner{rest: line}
	pid, isPID := s.column()
	_, isParent := s.column()
	state, isState := s.letter()
	cpu, isCPU := s.column()
	rss, isRSS := s.column()
	if !isPID || !isParent || !isState || !isCPU || !isRSS || pid == 0 || pid > maxProcesses {
		return vitals.Process{}, errNumber
	}
	name, ok := unescape(s.rest)
	if !ok {
		return vitals.Process{}, errName
	}
	return vitals.Process{PID: int(pid), Name: name, State: state, CPU: cpu, RSSKiB: rss}, nil
}

// column takes a number and the space behind it.
func (s *scanner) column() (uint64, bool) {
	n, ok := s.number()
	return n, ok && s.take(' ')
}

// letter takes a letter and the space behind it.
func (s *scanner) letter() (byte, bool) {
	if len(s.rest) == 0 {
		return 0, false
	}
	c := s.rest[0]
	s.rest = s.rest[1:]
	return c, (c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z') && s.take(' ')
}

// unescape is the name that comm stands for. Whatever is not printable ASCII, a space or a backslash is written \xHH.
func unescape(comm []byte) (string, bool) {
	plain := make([]byte, 0, 64) // on the stack: the longest name, of a kernel thread
	for i := 0; i < len(comm); i++ {
		c := comm[i]
		switch {
		case c <= ' ' || c > '~':
			return "", false
		case c == '\\':
			if len(comm) < i+4 || comm[i+1] != 'x' {
				return "", false
			}
			high, isHigh := hex(comm[i+2])
			low, isLow := hex(comm[i+3])
			if !isHigh || !isLow {
				return "", false
			}
			c = high<<4 | low
			i += 3
		}
		plain = append(plain, c)
	}
	return string(plain), true
}

// hex is the value of a lower-case hexadecimal digit.
func hex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
