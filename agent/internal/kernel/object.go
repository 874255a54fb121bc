package kernel

import (
	"errors"
	"fmt"
	"math"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

// maxProcesses is the largest number of processes that Linux can have, and the largest pid.
const maxProcesses = 1 << 22

// parseCPU reads `{"cpus":2,"total_ns":123,"idle_ns":45,"iowait_ns":6}`.
func parseCPU(text []byte) (vitals.CPU, error) {
	var cpus, total, idle, iowait uint64
	err := object(text, field{"cpus", &cpus}, field{"total_ns", &total}, field{"idle_ns", &idle}, field{"iowait_ns", &iowait})
	if err == nil && (cpus == 0 || idle > total || iowait > total-idle) {
		err = errors.New("there are no CPUs, or their idle_ns and iowait_ns are more than total_ns")
	}
	if err != nil {
		return vitals.CPU{}, malformed(text, err)
	}
	return vitals.CPU{Total: total, Idle: idle + iowait}, nil
}

// parseMemory reads `{"total_kib":1,"free_kib":2,"available_kib":3}`.
func parseMemory(text []byte) (vitals.Memory, error) {
	var total, free, available uint64
	err := object(text, field{"total_kib", &total}, field{"free_kib", &free}, field{"available_kib", &available})
	if err == nil && (total == 0 || free > total || available > total) {
		err = errors.New("there is no memory, or more is free or available than total_kib")
	}
	if err != nil {
		return vitals.Memory{}, malformed(text, err)
	}
	return vitals.Memory{TotalKiB: total, AvailableKiB: available}, nil
}

// parseStates reads `{"procesos_corriendo":1,"procesos_durmiendo":80,…,"total_procesos":81}`.
func parseStates(text []byte) (vitals.States, error) {
	var running, sleeping, zombie, stopped, total uint64
	err := object(text, field{"procesos_corriendo", &running}, field{"procesos_durmiendo", &sleeping},
		field{"procesos_zombie", &zombie}, field{"procesos_parados", &stopped}, field{"total_procesos", &total})
	switch {
	case err != nil:
	case total == 0 || max(total, running, sleeping, zombie, stopped) > maxProcesses:
		err = fmt.Errorf("the counts are not from 1 to %d", maxProcesses)
	case running+sleeping+zombie+stopped != total:
		err = errors.New("the states do not add up to total_procesos")
	}
	if err != nil {
		return vitals.States{}, malformed(text, err)
	}
	return vitals.States{
		Running: int64(running), Sleeping: int64(sleeping), Zombie: int64(zombie), Stopped: int64(stopped),
	}, nil
}

// malformed shows the bytes that make no sense: all of an object, and as many of a line of the table.
func malformed(text []byte, why error) error { return fmt.Errorf("%w: %.*q", why, maxObject, text) }

// field is a key and where its value goes.
type field struct {
	key   string
	value *uint64
}

// object reads one flat JSON object of unsigned integers without white space, as the modules write it, and the newline
// that ends it. Each field must be there, and once; other keys are ignored. Errors are made of copies of the keys, or the
// compiler would put every value on the heap.
func object(text []byte, fields ...field) error {
	s := scanner{rest: text}
	var seen uint // bit i: fields[i] was there
	if !s.take('{') {
		return s.fault(text)
	}
	for more := true; more; more = s.take(',') {
		key, value, ok := s.member()
		if !ok {
			return s.fault(text)
		}
		for i, f := range fields {
			if string(key) != f.key {
				continue
			}
			if seen&(1<<i) != 0 {
				return errors.New(f.key + " is there twice")
			}
			seen |= 1 << i
			*f.value = value
		}
	}
	if !s.take('}') || !s.take('\n') || len(s.rest) > 0 {
		return s.fault(text)
	}
	for i, f := range fields {
		if seen&(1<<i) == 0 {
			return errors.New(f.key + " is missing")
		}
	}
	return nil
}

// scanner takes what is next from the front of a text, or leaves it where it does not fit.
type scanner struct{ rest []byte }

// fault says how far of text made sense.
func (s *scanner) fault(text []byte) error {
	return fmt.Errorf("no object of unsigned integers on one line: byte %d does not fit", len(text)-len(s.rest))
}

func (s *scanner) take(c byte) bool {
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// member takes `"key":123`. A key is of printable ASCII without escapes.
func (s *scanner) member() (key []byte, value uint64, ok bool) {
	if !s.take('"') {
		return nil, 0, false
	}
	n := 0
	for n < len(s.rest) && s.rest[n] >= ' ' && s.rest[n] <= '~' && s.rest[n] != '"' && s.rest[n] != '\\' {
		n++
	}
	key, s.rest = s.rest[:n], s.rest[n:]
	if !s.take('"') || !s.take(':') {
		return nil, 0, false
	}
	value, ok = s.number()
	return key, value, ok
}

// number takes an unsigned integer that 64 bits can hold, written without leading zeros.
func (s *scanner) number() (uint64, bool) {
	var n uint64
	i := 0
	for ; i < len(s.rest) && s.rest[i] >= '0' && s.rest[i] <= '9'; i++ {
		digit := uint64(s.rest[i] - '0')
		if n > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	if i == 0 || i > 1 && s.rest[0] == '0' {
		return 0, false
	}
	s.rest = s.rest[i:]
	return n, true
}
