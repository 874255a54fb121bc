// Package kernel is the source that reads Pulso's own kernel modules (folder kernel/ of the repository).
//
// A reading costs three preads on descriptors that stay open, into buffers that are used again, and a scanner that
// knows nothing but the modules' form: no reflection and no allocation, since it runs for every sample on the VM that
// is being measured. The process table costs a read for every page of it, so it is read only where it is wanted.
//
// There are two kinds of failure. A file that cannot be opened or read is ErrAbsent: its module is not loaded, and
// another source can do. A file that can be read and makes no sense is a fault that nobody may paper over; the error
// shows the bytes.
package kernel

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
	"github.com/pulso-lab/pulso/internal/sample"
)

// ErrAbsent is a module that is not loaded, has gone, or cannot be read.
var ErrAbsent = errors.New("a kernel module is not there")

// What the files may hold at most. An object of the modules has some 170 bytes. A line of the table has some 40, and a
// table of 16 MiB some 400,000 processes: whatever gives more than that is not our module.
const (
	maxObject = 512
	maxTable  = 16 << 20
)

// Paths are where the modules' files lie.
type Paths struct{ CPU, RAM, Procs, Table string }

// Source reads the modules. It is not safe for concurrent use.
type Source struct{ cpu, ram, procs, table file }

// New reads the modules at paths. They may come and go: a file is opened when it is read, and once more when its
// descriptor fails.
func New(paths Paths) *Source { return newSource(paths, unix.Pread) }

func newSource(paths Paths, read pread) *Source {
	object := func(path string) file { return file{path: path, line: true, limit: maxObject, fd: closed, pread: read} }
	return &Source{
		cpu:   object(paths.CPU),
		ram:   object(paths.RAM),
		procs: object(paths.Procs),
		table: file{path: paths.Table, limit: maxTable, fd: closed, pread: read},
	}
}

// Close closes the descriptors. A later Read opens them again.
func (s *Source) Close() {
	for _, f := range []*file{&s.cpu, &s.ram, &s.procs, &s.table} {
		f.close()
	}
}

// Read reads the modules, and the process table where it is wanted. It fails as a whole.
func (s *Source) Read(table bool) (vitals.Reading, error) {
	r := vitals.Reading{Fuente: sample.FuenteKernel}
	var err error
	if r.CPU, err = parse(&s.cpu, parseCPU); err != nil {
		return vitals.Reading{}, err
	}
	if r.Memory, err = parse(&s.ram, parseMemory); err != nil {
		return vitals.Reading{}, err
	}
	before := s.procs.opened
	if r.States, err = parse(&s.procs, parseStates); err != nil {
		return vitals.Reading{}, err
	}
	if s.procs.opened != before { // its module was loaded anew, and the table is of the same module
		s.table.close()
	}
	// The table must be there also when it is not wanted, or the source would change with whoever asks for it.
	if !table {
		return r, s.table.open()
	}
	r.Processes, err = parse(&s.table, parseTable)
	return r, err
}

// parse reads a file and makes sense of it.
func parse[T any](f *file, as func([]byte) (T, error)) (T, error) {
	var none T
	text, err := f.read()
	if err != nil {
		return none, err
	}
	value, err := as(text)
	if err != nil {
		return none, fmt.Errorf("%s: %w", f.path, err)
	}
	return value, nil
}
