package conformance

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw is a TCP connection, for what no library sends.
type raw struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (s server) dialRaw() *raw {
	s.t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(s.t.Context(), "tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(prompt)); err != nil {
		s.t.Fatal(err)
	}
	return &raw{s.t, conn, bufio.NewReader(conn)}
}

func (r *raw) send(bytes string) {
	// The server may have hung up; what was sent before is judged by what comes back.
	_, _ = r.conn.Write([]byte(bytes))
}

// upgrade asks for a WebSocket with the headers that RFC 4.1 demands, but for those given as name and value; an empty
// value leaves the header out. It returns the status.
func (r *raw) upgrade(query string, header ...string) int {
	r.t.Helper()
	headers := http.Header{
		"Host": {"x"}, "Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	for i := 0; i < len(header); i += 2 {
		headers.Set(header[i], header[i+1])
	}
	var request strings.Builder
	request.WriteString("GET " + query + " HTTP/1.1\r\n")
	for name, values := range headers {
		if values[0] != "" {
			request.WriteString(name + ": " + values[0] + "\r\n")
		}
	}
	r.send(request.String() + "\r\n")
	response, err := http.ReadResponse(r.in, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// The first byte of a frame, RFC 5.2: FIN, three reserved bits, and the opcode.
const (
	continuation = 0x0
	text         = 0x1
	closing      = 0x8
	ping         = 0x9
	pong         = 0xA
	fin          = 0x80
	reserved1    = 0x40
	reserved2    = 0x20
	reserved3    = 0x10
)

// frame is a frame as a client has to mask it. The mask is 0, so that the payload is legible.
func frame(first byte, payload string) string {
	switch n := len(payload); {
	case n < 126:
		return string([]byte{first, 0x80 | byte(n), 0, 0, 0, 0}) + payload
	default:
		return string(binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(n))) + "\x00\x00\x00\x00" + payload
	}
}

// read returns the next frame of the server: its first byte and its payload.
func (r *raw) read() (byte, string, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r.in, head); err != nil {
		return 0, "", err
	}
	if head[1]&0x80 != 0 {
		r.t.Error("the server masks its frames") // RFC 5.1
	}
	length := uint64(head[1])
	var extended []byte
	switch length {
	case 126:
		extended = make([]byte, 2)
	case 127:
		extended = make([]byte, 8)
	}
	if extended != nil {
		if _, err := io.ReadFull(r.in, extended); err != nil {
			return 0, "", err
		}
		length = 0
		for _, b := range extended {
			length = length<<8 | uint64(b)
		}
	}
	payload := make([]byte, min(length, 1<<20))
	_, err := io.ReadFull(r.in, payload)
	return head[0], string(payload), err
}

// await returns the payload of the first frame that begins with first and has the prefix.
func (r *raw) await(first byte, prefix string) string {
	r.t.Helper()
	for {
		got, payload, err := r.read()
		if err != nil {
			r.t.Fatalf("no %q: %v", prefix, err)
		}
		if got == first && strings.HasPrefix(payload, prefix) {
			return payload
		}
	}
}

// joinRaw connects to the main namespace.
func (s server) joinRaw() *raw {
	s.t.Helper()
	r := s.dialRaw()
	if status := r.upgrade(query(webSocket, "")); status != http.StatusSwitchingProtocols {
		s.t.Fatal(status)
	}
	r.await(fin|text, "0{")
	r.send(frame(fin|text, "40"))
	r.await(fin|text, "40{")
	return r
}

// ends demands that the server ends the connection by itself, and at once.
func (r *raw) ends() {
	r.t.Helper()
	for {
		if _, _, err := r.read(); err != nil {
			if expired(err) {
				r.t.Error("the server does not end the connection")
			}
			return
		}
	}
}
