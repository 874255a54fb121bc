package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// patience bounds every exchange: a server that takes longer has failed.
const patience = 10 * time.Second

// request is what a user of phase 1 sends.
var request = []byte("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: pulso-bench\r\nAccept: */*\r\n\r\n")

// client is one keep-alive connection. It does no more than it must, since it takes its time from the servers: it writes
// the same bytes, and reads until the answer is whole.
type client struct {
	conn   net.Conn
	buffer [4096]byte
	body   []byte // of the newest answer, valid until the next
}

func dial(ctx context.Context, address string) (*client, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn}, nil
}

func (c *client) close() { _ = c.conn.Close() } // nothing is on its way

// get asks once.
func (c *client) get() error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	for n := 0; n < len(c.buffer); {
		got, err := c.conn.Read(c.buffer[n:])
		if err != nil {
			return fmt.Errorf("after %q: %w", c.buffer[:n], err)
		}
		n += got
		if c.body, err = answer(c.buffer[:n]); err != nil || c.body != nil {
			return err
		}
	}
	return errors.New("the answer is too long")
}

var (
	ok     = []byte("HTTP/1.1 200 OK\r\n")
	length = []byte("\r\nContent-Length: ")
	end    = []byte("\r\n\r\n")
)

// answer is the body of an answer that is whole, and nil while some of it is missing.
func answer(text []byte) ([]byte, error) {
	head, body, found := bytes.Cut(text, end)
	if !found {
		return nil, nil
	}
	_, after, found := bytes.Cut(head, length)
	digits, _, _ := bytes.Cut(after, []byte("\r\n"))
	n, err := strconv.Atoi(string(digits))
	if !bytes.HasPrefix(head, ok) || !found || err != nil || n == 0 || len(body) > n {
		return nil, fmt.Errorf("the answer is %q", text)
	}
	if len(body) < n {
		return nil, nil
	}
	return body, nil
}
