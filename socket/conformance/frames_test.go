package conformance

import (
	"strings"
	"testing"
)

// RFC 4.2.1: a request that is no proper opening handshake.
func TestBadUpgrades(t *testing.T) {
	s := start(t)
	for name, header := range map[string][]string{
		"an old version":    {"Sec-Websocket-Version", "8"},
		"no version":        {"Sec-Websocket-Version", ""},
		"no key":            {"Sec-Websocket-Key", ""},
		"a malformed key":   {"Sec-Websocket-Key", "x"},
		"no connection":     {"Connection", "keep-alive"},
		"another upgrade":   {"Upgrade", "h2c"},
		"an invalid origin": {"Origin", "null"},
	} {
		t.Run(name, func(t *testing.T) {
			status := s.in(t).dialRaw().upgrade(query(webSocket, ""), header...)
			if status < 400 || status > 499 {
				t.Errorf("%d, want 4xx", status)
			}
		})
	}
}

// RFC 5.4, 5.5: messages may come in pieces, with control frames between them.
func TestFragmentsAndControlFrames(t *testing.T) {
	s := start(t)
	r := s.joinRaw()
	r.send(frame(text, "4") + frame(continuation, "0/no") + frame(fin|ping, "are you there") + frame(continuation, "") + frame(fin|continuation, "body,"))
	if got := r.await(fin|pong, ""); got != "are you there" {
		t.Errorf("pong %q", got)
	}
	r.await(fin|text, "44/nobody,")
	r.send(frame(fin|pong, "nobody asked")) // RFC 5.5.3: no answer is expected
	r.send(frame(fin|closing, "\x03\xe8"))
	r.await(fin|closing, "\x03\xe8") // RFC 5.5.1: the answer has the same code
	r.ends()
}

// RFC 5: what breaks the framing ends the connection.
func TestBadFrames(t *testing.T) {
	s := start(t)
	for name, bytes := range map[string]string{
		"no mask":                      "\x81\x0242",
		"the first reserved bit":       frame(fin|reserved1|text, `42["unknown"]`),
		"the second reserved bit":      frame(fin|reserved2|text, `42["unknown"]`),
		"the third reserved bit":       frame(fin|reserved3|text, `42["unknown"]`),
		"a reserved opcode":            frame(fin|0x3, "42"),
		"a reserved control opcode":    frame(fin|0xB, ""),
		"a continuation of nothing":    frame(fin|continuation, "42"),
		"a message within another":     frame(text, "42") + frame(fin|text, "42"),
		"a control frame in pieces":    frame(ping, "") + frame(fin|continuation, ""),
		"a control frame over 125":     frame(fin|ping, strings.Repeat("x", 126)),
		"a close frame of one byte":    frame(fin|closing, "\x03"),
		"a close frame of code 1005":   frame(fin|closing, "\x03\xed"),
		"a length over all bounds":     "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
		"a length that nothing fills":  "\x81\xff\x00\x00\x00\x7f\xff\xff\xff\xff\x00\x00\x00\x0042",
		"pieces that are over 16 KiB":  frame(text, "4") + strings.Repeat(frame(continuation, strings.Repeat("x", 1000)), 20),
		"a close in the middle":        frame(text, "42") + frame(fin|closing, ""),
		"an HTTP request in the midst": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := s.in(t).joinRaw()
			r.send(bytes)
			r.ends()
		})
	}
	t.Run("half a frame and a reset", func(t *testing.T) {
		r := s.in(t).joinRaw()
		r.send(frame(fin|text, `42["unknown"]`)[:9])
		_ = r.conn.Close()
	})
	t.Run("half a handshake", func(t *testing.T) {
		r := s.in(t).dialRaw()
		r.send("GET " + query(webSocket, "") + " HTTP/1.1\r\nHost: x\r\nUpgrade: web")
		_ = r.conn.Close()
	})
	t.Run("hanging up before the answer", func(t *testing.T) {
		r := s.in(t).dialRaw()
		r.upgrade(query(webSocket, ""))
		_ = r.conn.Close()
	})
}

// RFC 5.2: a length must be as short as it can be, 8.1: a text must be UTF-8. The server reads what is neither, and only
// its own client gets what comes of it: the text is for nobody else.
func TestLenience(t *testing.T) {
	s := start(t)
	for name, bytes := range map[string]string{
		"invalid UTF-8": frame(fin|text, "42[\"unknown\xff\"]"),
		"a long length": "\x81\xfe\x00\x01\x00\x00\x00\x003",
	} {
		t.Run(name, func(t *testing.T) {
			r := s.in(t).joinRaw()
			r.send(bytes + frame(fin|text, "40/nobody,"))
			r.await(fin|text, "44/nobody,")
		})
	}
}
