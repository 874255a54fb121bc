package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync"
)

// WebSocket's opcodes.
const (
	opMore  = 0 // of the message that the frame before began
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// longest bounds a message of a server; a whole snapshot is far below it.
const longest = 64 << 20

// head is the start of a server's frame.
type head struct {
	op     byte
	last   bool // of its message
	length int
}

func readHead(in *bufio.Reader) (h head, err error) {
	text, err := in.Peek(2)
	if err != nil {
		return h, err
	}
	h = head{op: text[0] & 0xf, last: text[0]&0x80 != 0, length: int(text[1])}
	size := 2
	switch h.length {
	case 126:
		size = 4
	case 127:
		size = 10
	}
	if text, err = in.Peek(size); err != nil {
		return h, err
	}
	switch size {
	case 4:
		h.length = int(binary.BigEndian.Uint16(text[2:]))
	case 10:
		h.length = int(min(binary.BigEndian.Uint64(text[2:]), longest+1))
	}
	if text[1] > 127 || h.length > longest {
		return h, fmt.Errorf("a frame that begins with %x", text)
	}
	_, err = in.Discard(size)
	return h, err
}

// long holds messages that do not fit a reader's own buffer.
var long = sync.Pool{New: func() any { return new([]byte) }}

// whole gives do the message that h begins, which is valid until do returns.
func whole(in *bufio.Reader, h head, do func([]byte) error) error {
	if h.last && h.length <= in.Size() {
		text, err := in.Peek(h.length)
		if err != nil {
			return err
		}
		err = do(text)
		_, _ = in.Discard(h.length) // they are there
		return err
	}
	buffer := long.Get().(*[]byte)
	defer long.Put(buffer)
	*buffer = (*buffer)[:0]
	err := frames(in, h, func(n int) error {
		before := len(*buffer)
		if before+n > longest {
			return fmt.Errorf("a message of more than %d bytes", longest)
		}
		*buffer = slices.Grow(*buffer, n)[:before+n]
		_, err := io.ReadFull(in, (*buffer)[before:])
		return err
	})
	if err != nil {
		return err
	}
	return do(*buffer)
}

// skip passes over the message that h begins.
func skip(in *bufio.Reader, h head) error {
	return frames(in, h, func(n int) error {
		_, err := in.Discard(n)
		return err
	})
}

// frames takes the payload of every frame of a message. None of the servers sends anything between them.
func frames(in *bufio.Reader, h head, take func(n int) error) error {
	for {
		if err := take(h.length); err != nil || h.last {
			return err
		}
		var err error
		if h, err = readHead(in); err != nil {
			return err
		}
		if h.op != opMore {
			return fmt.Errorf("a frame of kind %d in the middle of a message", h.op)
		}
	}
}

// frame is a client's: masked, as it must be, with a mask of zeros. The text has at most 125 bytes.
func frame(op byte, text []byte) []byte {
	return append([]byte{0x80 | op, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...) //nolint:gosec // at most 125
}
