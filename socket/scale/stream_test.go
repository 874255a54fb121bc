package scale

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/socket/internal/edge"
	"github.com/pulso-lab/pulso/socket/internal/hub"
)

// stream is a hub and an edge in this process, so that their goroutines and their memory can be counted. Its rows come
// from the test.
type stream struct {
	*hub.Hub
	edge    *edge.Server
	address string
	said    chan string // what the web server had to say, the first lines
}

// Write takes a line of the web server's log.
func (s *stream) Write(line []byte) (int, error) {
	select {
	case s.said <- string(line):
	default:
	}
	return len(line), nil
}

// nothing is a past and a history without rows.
type nothing struct{}

func (nothing) RowsBetween(context.Context, int64, int64, int) ([]sample.Row, error) { return nil, nil }

func (nothing) Answer(context.Context, event.HistoryQuery) (event.History, *event.Failure) {
	return event.History{}, nil
}

func open(t *testing.T, o edge.Options) *stream {
	t.Helper()
	h := hub.New(edge.Encode, nothing{}, time.Now)
	h.Begin(0)
	o.Stream, o.History, o.Log = h, nothing{}, slog.New(slog.DiscardHandler)
	server, err := edge.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(server)
	s := &stream{h, server, web.Listener.Addr().String(), make(chan string, 10)}
	web.Listener = &smallBuffers{web.Listener}
	web.Config.ErrorLog = log.New(s, "", 0)
	web.Start()
	t.Cleanup(func() {
		server.Close()
		web.Close()
	})
	return s
}

// smallBuffers lets a sender feel soon that its client does not read.
type smallBuffers struct{ net.Listener }

const buffer = 16 << 10

func (l *smallBuffers) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(buffer)
	}
	return conn, err
}

// tick brings rows of one and the same sample, so that the snapshot stays small.
func tick(rows int) []sample.Row {
	number := int64(1)
	all := make([]sample.Row, rows)
	for i := range all {
		all[i].Host, all[i].Secuencia, all[i].Hora, all[i].ID = "vm", &number, sample.NewHora(time.Unix(0, 0)), int64(i+1)
	}
	return all
}

// wire is the connection of a client that need not be a good one.
type wire struct {
	*net.TCPConn
	in *bufio.Reader
}

func (s *stream) dial() (*wire, error) {
	conn, err := net.DialTimeout("tcp", s.address, patience)
	if err != nil {
		return nil, err
	}
	w := &wire{conn.(*net.TCPConn), bufio.NewReader(conn)}
	return w, errors.Join(w.SetReadBuffer(buffer), w.SetDeadline(time.Now().Add(patience)))
}

// reset ends the connection at once, whatever is on its way.
func (w *wire) reset() {
	_ = w.SetLinger(0)
	_ = w.Close()
}

func (w *wire) say(text string) error {
	_, err := w.Write([]byte(text))
	return err
}

const path = "/socket.io/?EIO=4&transport="

func upgradeRequest(sid string) string {
	query := path + "websocket"
	if sid != "" {
		query += "&sid=" + sid
	}
	return "GET " + query + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
}

// errFull is that the server has clients enough.
var errFull = fmt.Errorf("status %d", http.StatusServiceUnavailable)

// upgrade makes a WebSocket of the connection.
func (w *wire) upgrade(sid string) error {
	if err := w.say(upgradeRequest(sid)); err != nil {
		return err
	}
	_, err := w.answer(http.StatusSwitchingProtocols)
	return err
}

// answer is the body of an HTTP answer.
func (w *wire) answer(status int) (string, error) {
	response, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case status:
	case http.StatusServiceUnavailable:
		return "", errFull
	default:
		return "", fmt.Errorf("status %d", response.StatusCode)
	}
	if status == http.StatusSwitchingProtocols {
		return "", nil
	}
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// poll starts a session that polls and returns its name.
func (w *wire) poll() (sid string, err error) {
	if err := w.get(""); err != nil {
		return "", err
	}
	body, err := w.answer(http.StatusOK)
	if err != nil {
		return "", err
	}
	var open struct {
		SID string `json:"sid"`
	}
	return open.SID, json.Unmarshal([]byte(strings.TrimPrefix(body, "0")), &open)
}

func (w *wire) get(sid string) error {
	query := path + "polling"
	if sid != "" {
		query += "&sid=" + sid
	}
	return w.say("GET " + query + " HTTP/1.1\r\nHost: x\r\n\r\n")
}

// post sends a body, which may be shorter than it says.
func (w *wire) post(sid, body string, length int) error {
	return w.say(fmt.Sprintf("POST %spolling&sid=%s HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
		path, sid, length, body))
}

// joinPolling makes the session a client of the stream.
func (w *wire) joinPolling() (sid string, err error) {
	if sid, err = w.poll(); err != nil {
		return "", err
	}
	if err := w.post(sid, "40", 2); err != nil {
		return "", err
	}
	_, err = w.answer(http.StatusOK)
	return sid, err
}

// join makes the connection a client of the stream.
func (w *wire) join() error {
	if err := w.upgrade(""); err != nil {
		return err
	}
	if err := w.await("0{"); err != nil {
		return err
	}
	if err := w.say(frame(final|text, "40")); err != nil {
		return err
	}
	return w.await(`42["snapshot"`)
}

// The first byte of a frame.
const (
	text  = 0x1
	final = 0x80
)

// frame is a short one, masked with 0.
func frame(first byte, payload string) string {
	return string([]byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}) + payload
}

// message is the next one, whole.
func (w *wire) message() ([]byte, error) {
	var head [2]byte
	if _, err := io.ReadFull(w.in, head[:]); err != nil {
		return nil, err
	}
	length := uint64(head[1])
	if extra := map[byte]int{126: 2, 127: 8}[head[1]]; extra > 0 {
		var long [8]byte
		if _, err := io.ReadFull(w.in, long[8-extra:]); err != nil {
			return nil, err
		}
		length = binary.BigEndian.Uint64(long[:])
	}
	payload := make([]byte, length)
	_, err := io.ReadFull(w.in, payload)
	return payload, err
}

// await reads messages up to one that begins so.
func (w *wire) await(prefix string) error {
	for {
		m, err := w.message()
		if err != nil || bytes.HasPrefix(m, []byte(prefix)) {
			return err
		}
	}
}

// every calls do again and again until the function that it returns is called.
func every(pause time.Duration, do func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			do()
			wait(ctx, pause)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}
