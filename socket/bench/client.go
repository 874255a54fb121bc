package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

// patience is how long a client waits to be welcome.
const patience = 30 * time.Second

// client is a browser of the stream, as far as a server can tell: Socket.IO over WebSocket. It does no more than it must.
type client struct {
	ledger
	address string
	greeted bool // the server sends a snapshot, and the client is welcome when it has it
	conn    atomic.Pointer[net.TCPConn]
	meant   atomic.Bool // that its connection ends
	in      *bufio.Reader
}

var errEnded = errors.New("the server ended the connection")

// connect returns when the client is welcome. With again, it shows the cursor that it has.
func (c *client) connect(ctx context.Context, again bool) error {
	c.since, c.shown = c.clock.now(), 0
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return err
	}
	c.conn.Store(conn.(*net.TCPConn))
	c.meant.Store(false)
	if c.in == nil {
		c.in = bufio.NewReaderSize(nil, 16<<10)
	}
	c.in.Reset(conn)
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if err := c.join(again); err != nil {
		c.cut()
		return fmt.Errorf("connect to %s: %w", c.address, err)
	}
	return conn.SetReadDeadline(time.Time{})
}

func (c *client) join(again bool) error {
	upgrade := "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: " + c.address + "\r\nConnection: Upgrade\r\n" +
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if _, err := c.conn.Load().Write([]byte(upgrade)); err != nil {
		return err
	}
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 101 ")) {
			return fmt.Errorf("the answer is %q", line)
		}
		if len(line) == len("\r\n") {
			break
		}
	}
	join := []byte("40")
	if again {
		c.shown = c.cursor
		join = append(strconv.AppendInt(append(join, `{"cursor":`...), c.cursor, 10), '}')
	}
	if err := c.send(opText, join); err != nil {
		return err
	}
	for {
		if welcome, err := c.next(); err != nil || welcome {
			return err
		}
	}
}

// listen takes what comes until the connection ends, and says why it did.
func (c *client) listen() error {
	for {
		if _, err := c.next(); err != nil {
			return err
		}
	}
}

// cut ends the connection without a word, as a network does.
func (c *client) cut() {
	conn := c.conn.Load()
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

func (c *client) send(op byte, text []byte) error {
	_, err := c.conn.Load().Write(frame(op, text))
	return err
}

// snapshot is how the event begins.
var snapshot = []byte(`42["snapshot"`)

// next takes one message.
func (c *client) next() (welcome bool, err error) {
	h, err := readHead(c.in)
	if err != nil {
		return false, err
	}
	if h.op == opText && h.length > len(snapshot) {
		start, err := c.in.Peek(min(h.length, cursorWithin))
		if err != nil {
			return false, err
		}
		if bytes.HasPrefix(start, snapshot) { // too large to be looked at by a thousand clients
			c.note(start)
			return true, skip(c.in, h)
		}
	}
	err = whole(c.in, h, func(text []byte) error {
		switch h.op {
		case opText:
			welcome = !c.greeted && bytes.HasPrefix(text, []byte("40"))
			return c.packet(text)
		case opPing:
			return c.send(opPong, text)
		case opClose:
			return fmt.Errorf("%w: %q", errEnded, text)
		}
		return nil
	})
	return welcome, err
}

// packet takes one of Engine.IO.
func (c *client) packet(text []byte) error {
	switch {
	case bytes.HasPrefix(text, []byte(`42["sample`)):
		return c.take(text)
	case string(text) == "2":
		return c.send(opText, []byte("3"))
	case bytes.HasPrefix(text, []byte("44")), bytes.HasPrefix(text, []byte("41")), bytes.HasPrefix(text, []byte("1")):
		return fmt.Errorf("%w: %.200q", errEnded, text)
	}
	return nil
}
