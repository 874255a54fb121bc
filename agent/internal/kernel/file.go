package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/sys/unix"
)

// closed is the descriptor of a file that is not open.
const closed = -1

// page is the first buffer of a file that may be longer: the kernel gives about a page to one read.
const page = 4096

var errKind = errors.New("it is no regular file, as the files of modules are")

// pread is unix.Pread outside tests.
type pread func(fd int, p []byte, offset int64) (int, error)

// file is one of the modules' files. Its descriptor stays open: to open and close a file for each reading costs three
// times what reading it does. It is a bare descriptor, since os.File would offer it to the network poller first.
type file struct {
	path   string
	line   bool   // it is one line: whoever has its end need not ask for more
	limit  int    // bytes that it may have
	fd     int    // closed, or open
	opened int    // how often it was opened
	buffer []byte // reused
	pread  pread
}

// read is all that the file holds now, valid until the next call. A descriptor dies with its module, and is not revived
// when the module comes back, so one that fails is opened once more; so is one that gives nothing, which no module
// does.
func (f *file) read() ([]byte, error) {
	if f.fd != closed {
		if err := f.fill(); err != nil || len(f.buffer) == 0 {
			f.close()
		}
	}
	if f.fd == closed {
		if err := f.open(); err != nil {
			return nil, err
		}
		if err := f.fill(); err != nil {
			f.close()
			return nil, f.absent("read", err)
		}
	}
	if len(f.buffer) == f.limit {
		err := fmt.Errorf("%s: has %d bytes or more: %.200q", f.path, f.limit, f.buffer)
		f.buffer = nil // it is as large as it gets, and this may happen once
		return nil, err
	}
	return f.buffer, nil
}

// open opens the file, if it is not open. A path that names something else by mistake must not hang (a pipe), nor go
// on for ever (a device).
func (f *file) open() error {
	if f.fd != closed {
		return nil
	}
	for f.fd == closed {
		fd, err := unix.Open(f.path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		switch {
		case err == nil:
			f.fd = fd
			f.opened++
		case !errors.Is(err, unix.EINTR):
			return f.absent("open", err)
		}
	}
	var stat unix.Stat_t
	err := unix.Fstat(f.fd, &stat)
	if err == nil && stat.Mode&unix.S_IFMT != unix.S_IFREG {
		err = errKind
	}
	if err != nil {
		f.close()
		return f.absent("open", err)
	}
	return nil
}

func (f *file) close() {
	if f.fd != closed {
		_ = unix.Close(f.fd) // nothing was written
		f.fd = closed
	}
}

// fill reads the file from its beginning until its end, or its limit.
func (f *file) fill() error {
	f.buffer = f.buffer[:0]
	for len(f.buffer) < f.limit {
		n := len(f.buffer)
		f.buffer = slices.Grow(f.buffer, min(max(n, page), f.limit-n))
		got, err := f.pread(f.fd, f.buffer[n:min(cap(f.buffer), f.limit)], int64(n))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case got == 0:
			return nil
		}
		f.buffer = f.buffer[:n+got]
		if f.line && f.buffer[n+got-1] == '\n' {
			return nil
		}
	}
	return nil
}

func (f *file) absent(op string, err error) error {
	return fmt.Errorf("%w: %w", ErrAbsent, &fs.PathError{Op: op, Path: f.path, Err: err})
}
