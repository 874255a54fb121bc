package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
)

// patience bounds a connection's life.
const patience = time.Minute

// client is one keep-alive connection. It does no more than it must, since it takes its time from the servers: it writes
// bytes that were made before, and reads until the answer is whole.
type client struct {
	conn    net.Conn
	request *request
	buffer  [4096]byte
}

// overHTTP is a server that stores what it is sent, with a key for each request or without.
func overHTTP(name string, s *bench.Process, withKey bool) contender {
	connect := func(ctx context.Context, n int) ([]writer, func(), error) {
		clients := make([]*client, 0, n)
		disconnect := func() {
			for _, c := range clients {
				_ = c.conn.Close() // nothing is on its way
			}
		}
		writers := make([]writer, n)
		for i := range writers {
			c, err := dial(ctx, s.Address, i, withKey)
			if err != nil {
				disconnect()
				return nil, nil, err
			}
			clients = append(clients, c)
			writers[i] = func(context.Context) (int, error) {
				err := c.post()
				if err != nil {
					err = fmt.Errorf("%w; the newest line of the server's log: %s", err, s.Last())
				}
				return 1, err
			}
		}
		return writers, disconnect, nil
	}
	return contender{name: name, pid: s.PID(), connect: connect}
}

func dial(ctx context.Context, address string, writer int, withKey bool) (*client, error) {
	request, err := newRequest(writer, withKey)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, request: request}, conn.SetDeadline(time.Now().Add(patience))
}

// post sends a sample, and returns when it is stored.
func (c *client) post() error {
	if _, err := c.conn.Write(c.request.next()); err != nil {
		return err
	}
	for n := 0; n < len(c.buffer); {
		got, err := c.conn.Read(c.buffer[n:])
		if err != nil {
			return fmt.Errorf("after %q: %w", c.buffer[:n], err)
		}
		n += got
		if whole, err := created(c.buffer[:n]); err != nil || whole {
			return err
		}
	}
	return errors.New("the answer is too long")
}

var (
	ok     = []byte("HTTP/1.1 201 Created\r\n")
	length = []byte("\r\nContent-Length: ")
	end    = []byte("\r\n\r\n")
)

// created says whether an answer is whole; one that is not a 201 with a body is an error.
func created(text []byte) (bool, error) {
	head, body, found := bytes.Cut(text, end)
	if !found {
		return false, nil
	}
	_, after, found := bytes.Cut(head, length)
	digits, _, _ := bytes.Cut(after, []byte("\r\n"))
	n, err := strconv.Atoi(string(digits))
	if !bytes.HasPrefix(head, ok) || !found || err != nil || n == 0 || len(body) > n {
		return false, fmt.Errorf("the answer is %q", text)
	}
	return len(body) == n, nil
}
