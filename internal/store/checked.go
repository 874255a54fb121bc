package store

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// checked is a TLS connection that the driver can ask whether it still lives before it uses it again. What ends a
// connection may lie anywhere between the socket and TLS's buffers, among records that mean nothing (session tickets,
// new keys): so it is read through TLS, but without waiting.
type checked struct {
	net.Conn // over tcp
	tcp      *socket
	greeting []byte // what was read ahead
}

// await waits until the other side has said something.
func (c *checked) await(deadline time.Time) error {
	if err := c.SetReadDeadline(deadline); err != nil {
		return err
	}
	c.greeting = make([]byte, 1)
	if _, err := io.ReadFull(c.Conn, c.greeting); err != nil {
		return err
	}
	return c.SetReadDeadline(time.Time{})
}

// Read gives what await has read, first.
func (c *checked) Read(b []byte) (int, error) {
	if len(c.greeting) > 0 {
		n := copy(b, c.greeting)
		c.greeting = c.greeting[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

// SyscallConn is what the driver calls to see whether the connection lives. It fails when it does not.
func (c *checked) SyscallConn() (syscall.RawConn, error) {
	c.tcp.impatient = true
	n, err := c.Conn.Read(make([]byte, 1))
	c.tcp.impatient = false
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return silent{}, nil
	case err != nil:
		return nil, err
	}
	return nil, fmt.Errorf("%d bytes that nobody asked for", n)
}

// silent keeps the driver from reading the socket beneath TLS itself.
type silent struct{ syscall.RawConn }

// Read reads nothing.
func (silent) Read(func(uintptr) bool) error { return nil }

// socket is a TCP connection that can be read without waiting.
type socket struct {
	net.Conn
	raw       syscall.RawConn
	impatient bool // Read returns os.ErrDeadlineExceeded where it would wait
}

func newSocket(conn net.Conn) (*socket, error) {
	tcp, ok := conn.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("%T is no socket", conn)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &socket{Conn: conn, raw: raw}, nil
}

func (s *socket) Read(b []byte) (int, error) {
	if !s.impatient {
		return s.Conn.Read(b)
	}
	var n int
	var failure error
	err := s.raw.Read(func(fd uintptr) bool {
		n, failure = syscall.Read(int(fd), b)
		return true
	})
	switch {
	case err != nil: // closed, or past a deadline that somebody set: of no use
		return 0, net.ErrClosed
	case errors.Is(failure, syscall.EAGAIN):
		return 0, os.ErrDeadlineExceeded // to TLS this is a pause and no failure
	case failure != nil:
		return 0, failure
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
