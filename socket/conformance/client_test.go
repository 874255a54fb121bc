package conformance

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const (
	polling   = "polling"
	webSocket = "websocket"
)

// open is what the server says of a new session, EIO Handshake.
type open struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int      `json:"pingInterval"` // ms
	PingTimeout  int      `json:"pingTimeout"`  // ms
	MaxPayload   int      `json:"maxPayload"`   // bytes
}

func decodeOpen(t *testing.T, packet string) open {
	t.Helper()
	var o open
	if err := json.Unmarshal([]byte(strings.TrimPrefix(packet, "0")), &o); err != nil || packet[0] != '0' || o.SID == "" {
		t.Fatalf("no open packet: %q, %v", packet, err)
	}
	return o
}

// query is the address of the stream, after its host.
func query(transport, sid string) string {
	q := "/socket.io/?EIO=4&transport=" + transport
	if sid != "" {
		q += "&sid=" + sid
	}
	return q
}

// client is a WebSocket, beneath a session or not.
type client struct {
	t    *testing.T
	conn *websocket.Conn
}

// dial opens a WebSocket, or returns nil and the status of the refusal.
func (s server) dial(query string) (c *client, refused int) {
	s.t.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(s.t.Context(), "ws://"+s.address+query, nil)
	if err != nil && response == nil {
		s.t.Fatal(err)
	}
	if err != nil {
		_ = response.Body.Close()
		return nil, response.StatusCode
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return &client{s.t, conn}, 0
}

// open begins a session, which is not connected to any namespace yet.
func (s server) open() (*client, open) {
	s.t.Helper()
	c, refused := s.dial(query(webSocket, ""))
	if c == nil {
		s.t.Fatalf("refused: %d", refused)
	}
	return c, decodeOpen(s.t, c.await("0"))
}

// join connects to the main namespace, with auth or an empty string.
func (s server) join(auth string) *client {
	s.t.Helper()
	c, _ := s.open()
	c.send("40" + auth)
	c.await("40{")
	return c
}

func (c *client) send(packet string) {
	c.t.Helper()
	// The server may have hung up; what was sent before is judged by what comes back.
	_ = c.conn.WriteMessage(websocket.TextMessage, []byte(packet))
}

func (c *client) sendBinary(payload string) {
	_ = c.conn.WriteMessage(websocket.BinaryMessage, []byte(payload))
}

func (c *client) read(within time.Duration) (string, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	_, message, err := c.conn.ReadMessage()
	return string(message), err
}

// await returns the first packet with the prefix, and passes over the others.
func (c *client) await(prefix string) string {
	c.t.Helper()
	for {
		message, err := c.read(patience)
		if err != nil {
			c.t.Fatalf("no %s…: %v", prefix, err)
		}
		if strings.HasPrefix(message, prefix) {
			return message
		}
	}
}

// awaitRow demands the row that store has stored, in whichever event.
func (c *client) awaitRow(id string) {
	c.t.Helper()
	for !strings.Contains(c.await(`42["s`), id) {
	}
}

// serves demands that the connection is there: a packet goes up on it and its answer comes down.
func (c *client) serves() {
	c.t.Helper()
	c.send("40/nobody,")
	c.await("44/nobody,")
}

// ends demands that the server ends the connection by itself, and at once.
func (c *client) ends() {
	c.t.Helper()
	deadline := time.Now().Add(prompt)
	for {
		_, err := c.read(time.Until(deadline))
		if err != nil {
			if expired(err) {
				c.t.Error("the server does not end the connection")
			}
			return
		}
	}
}

func expired(err error) bool {
	timeout, ok := err.(interface{ Timeout() bool })
	return ok && timeout.Timeout()
}

// poller is a session over long polling.
type poller struct {
	s       server
	sid     string
	packets []string // that came and were not looked at
}

// poll begins a session, which is not connected to any namespace yet.
func (s server) poll() *poller {
	s.t.Helper()
	status, body := s.request(http.MethodGet, query(polling, ""), "")
	if status != http.StatusOK {
		s.t.Fatalf("%d %q", status, body)
	}
	return &poller{s: s, sid: decodeOpen(s.t, body).SID}
}

// joinPolling connects to the main namespace.
func (s server) joinPolling() *poller {
	s.t.Helper()
	p := s.poll()
	p.send("40")
	p.await("40{")
	return p
}

func (p *poller) get() (int, string) {
	p.s.t.Helper()
	return p.s.request(http.MethodGet, query(polling, p.sid), "")
}

func (p *poller) post(body string, header ...string) (int, string) {
	p.s.t.Helper()
	return p.s.request(http.MethodPost, query(polling, p.sid), body, header...)
}

// send posts packets and demands what EIO Sending data says of success.
func (p *poller) send(packets ...string) {
	p.s.t.Helper()
	if status, body := p.post(strings.Join(packets, "\x1e")); status != http.StatusOK || body != "ok" {
		p.s.t.Fatalf("POST: %d %q", status, body)
	}
}

// next returns the next packet, and polls when it has none.
func (p *poller) next() string {
	p.s.t.Helper()
	if len(p.packets) == 0 {
		status, body := p.get()
		if status != http.StatusOK {
			p.s.t.Fatalf("GET: %d %q", status, body)
		}
		p.packets = strings.Split(body, "\x1e")
	}
	packet := p.packets[0]
	p.packets = p.packets[1:]
	return packet
}

// await returns the first packet with the prefix, and passes over the others.
func (p *poller) await(prefix string) string {
	p.s.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if packet := p.next(); strings.HasPrefix(packet, prefix) {
			return packet
		}
	}
	p.s.t.Fatalf("no %s…", prefix)
	return ""
}

// serves demands that the session is there.
func (p *poller) serves() {
	p.s.t.Helper()
	p.send("40/nobody,")
	p.await("44/nobody,")
}

// ends demands that the server has forgotten the session.
func (p *poller) ends() {
	p.s.t.Helper()
	var status int
	for deadline := time.Now().Add(prompt); time.Now().Before(deadline); {
		// A packet that means nothing: a poll would wait for news while the session is still there.
		if status, _ = p.post("6"); status == http.StatusBadRequest {
			return
		}
	}
	p.s.t.Errorf("the server does not end the session: %d", status)
}

// request makes a request and returns the answer's status and body. Headers are given as name and value.
func (s server) request(method, query, body string, header ...string) (int, string) {
	s.t.Helper()
	status, content, err := s.try(s.t.Context(), method, query, body, header...)
	if err != nil {
		s.t.Fatal(err)
	}
	return status, content
}

// try is request in a goroutine, or where there may be no answer.
func (s server) try(ctx context.Context, method, query, body string, header ...string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+query, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := (&http.Client{Timeout: patience}).Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}
