package service

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// speak sends raw bytes and returns the connection.
func speak(t *testing.T, server *httptest.Server, what string) net.Conn {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := fmt.Fprint(conn, what); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestABodyThatDoesNotComeIsGivenUp(t *testing.T) {
	read := make(chan error, 1)
	server := httptest.NewServer(limitBody(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		read <- err
	}), 50*time.Millisecond))
	defer server.Close()
	speak(t, server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
	select {
	case err := <-read:
		if err == nil {
			t.Error("nine bytes are missing, and the body was read")
		}
	case <-time.After(20 * time.Second):
		t.Error("still waiting for the body")
	}
}

// A body may take longer than Serve gives it, if its handler says so; but it does not hold a drain.
func TestALongBodyHasItsTime(t *testing.T) {
	const short = 50 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	read := make(chan error, 1)
	server := httptest.NewServer(limitBody(LongBody(ctx, time.Minute, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		read <- err
	})), short))
	defer server.Close()
	conn := speak(t, server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
	time.Sleep(2 * short) // what is under test is that time passes
	if _, err := io.WriteString(conn, "}"); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Errorf("a slow body: %v", err)
	}
	speak(t, server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
	stop()
	select {
	case err := <-read:
		if err == nil {
			t.Error("a byte is missing, and the body was read")
		}
	case <-time.After(20 * time.Second):
		t.Error("the body holds the drain")
	}
}

func TestAnAnswerMayTakeLongerThanItsBody(t *testing.T) {
	const timeout = 50 * time.Millisecond
	canceled := make(chan bool, 1)
	server := httptest.NewServer(limitBody(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
			canceled <- true
		case <-time.After(4 * timeout): // what is under test is that time passes
			canceled <- false
		}
	}), timeout))
	defer server.Close()
	speak(t, server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	if <-canceled {
		t.Error("the request was given up while it was being answered")
	}
}

func TestAPanicIsAnsweredAndAHalfAnswerIsCutOff(t *testing.T) {
	var log bytes.Buffer
	server := httptest.NewServer(Recover(NewLogger(&log), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
		}
		panic("secret detail")
	})))
	defer server.Close()
	answer := func(path string) (string, error) {
		conn := speak(t, server, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		content, err := io.ReadAll(conn)
		return string(content), err
	}
	whole, err := answer("/")
	if err != nil || !strings.HasPrefix(whole, "HTTP/1.1 500") || !strings.Contains(whole, `"error":"interno"`) || strings.Contains(whole, "secret") {
		t.Errorf("%s, %v", whole, err)
	}
	half, _ := answer("/half")
	if strings.Contains(half, "interno") || strings.HasSuffix(half, "0\r\n\r\n") {
		t.Errorf("ends as if it were whole: …%q", half[max(0, len(half)-40):])
	}
	if strings.Count(log.String(), "handler_panicked") != 2 || !strings.Contains(log.String(), "secret detail") {
		t.Errorf("logged %s", log.String())
	}
}
