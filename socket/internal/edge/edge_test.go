package edge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/socket/internal/edge"
	"github.com/pulso-lab/pulso/socket/internal/hub"
)

const patience = 20 * time.Second

// none is a past and a history without rows.
type none struct{}

func (none) RowsBetween(context.Context, int64, int64, int) ([]sample.Row, error) { return nil, nil }

func (none) Answer(_ context.Context, q event.HistoryQuery) (event.History, *event.Failure) {
	if q.Points == 0 {
		return event.History{}, &event.Failure{Code: "parametro_invalido", Message: "points: must be 1 to 2000"}
	}
	return event.History{Host: q.Host, Buckets: []event.Bucket{}}, nil
}

func start(t *testing.T, change ...func(*edge.Options)) (*hub.Hub, *edge.Server, string) {
	t.Helper()
	h := hub.New(edge.Encode, none{}, time.Now)
	o := edge.Options{Clients: 1000, Stream: h, History: none{}, Log: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&o)
	}
	server, err := edge.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		server.Close()
		web.Close()
	})
	return h, server, web.URL
}

// client speaks just enough of the Socket.IO protocol over a WebSocket.
type client struct{ conn *websocket.Conn }

// connect gives no client and the status of the refusal when the server does not want it.
func connect(t *testing.T, url string, header http.Header) (c *client, refusal int) {
	t.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(url, "http")+"/socket.io/?EIO=4&transport=websocket", header)
	if err != nil {
		_ = response.Body.Close()
		return nil, response.StatusCode
	}
	t.Cleanup(func() { _ = conn.Close() })
	c = &client{conn}
	c.expect(t, "0")
	if err := conn.WriteMessage(websocket.TextMessage, []byte("40")); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "40")
	return c, 0
}

func (c *client) read() (string, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	_, message, err := c.conn.ReadMessage()
	return string(message), err
}

func (c *client) expect(t *testing.T, prefix string) string {
	t.Helper()
	message, err := c.read()
	if err != nil || !strings.HasPrefix(message, prefix) {
		t.Fatalf("got %.200q, %v; want %s…", message, err, prefix)
	}
	return message
}

// event reads one event into payload and returns its name.
func (c *client) event(payload any) (string, error) {
	message, err := c.read()
	if err != nil {
		return "", err
	}
	var name string
	return name, json.Unmarshal([]byte(strings.TrimPrefix(message, "42")), &[]any{&name, payload})
}

func TestAClientGetsItsSnapshotAndThenTheRows(t *testing.T) {
	h, _, url := start(t)
	ticks := golden.Ticks()
	h.Load(0, ticks[0].Rows)
	h.Begin(ticks[0].Cursor)
	c, _ := connect(t, url, nil)
	var snapshot event.Snapshot
	if name, err := c.event(&snapshot); name != "snapshot" || err != nil {
		t.Fatalf("%s, %v", name, err)
	}
	if len(snapshot.Rows) < 2 || snapshot.Rows[0].ID != ticks[0].Rows[0].ID || snapshot.Status.State != event.StateStale || snapshot.Rows[1].Host == "" {
		t.Errorf("%+v", snapshot)
	}
	h.Tick(ticks[1].Rows, ticks[1].Cursor)
	var status event.Status
	if name, err := c.event(&status); name != "status" || err != nil || status.State != event.StateLive {
		t.Errorf("%s %+v, %v", name, status, err)
	}
	var samples event.Samples
	if name, err := c.event(&samples); name != "samples" || err != nil {
		t.Fatalf("%s, %v", name, err)
	}
	got, _ := json.Marshal(samples.Rows)
	want, _ := json.Marshal(ticks[1].Rows)
	if string(got) != string(want) || samples.Cursor != ticks[1].Cursor {
		t.Errorf("cursor %d\ngot  %s\nwant %s", samples.Cursor, got, want)
	}
}

// The predecessor of the Socket.IO library lost most of a burst over WebSocket.
func TestNoEventOfABurstIsLost(t *testing.T) {
	h, _, url := start(t)
	h.Begin(0)
	const clients, burst = 20, 300
	rows := golden.Ticks()[0].Rows[:1]
	var wg sync.WaitGroup
	for range clients {
		c, _ := connect(t, url, nil)
		if name, err := c.event(&event.Snapshot{}); name != "snapshot" || err != nil {
			t.Fatalf("%s, %v", name, err)
		}
		wg.Go(func() {
			next := int64(1)
			for next <= burst {
				var samples event.Samples
				name, err := c.event(&samples)
				if err != nil {
					t.Errorf("after %d of %d: %v", next-1, burst, err)
					return
				}
				if name != "samples" {
					continue
				}
				if samples.Cursor != next {
					t.Errorf("event %d came as number %d", samples.Cursor, next)
					return
				}
				next++
			}
		})
	}
	for i := range burst {
		h.Tick(rows, int64(i+1))
	}
	wg.Wait()
}

func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	_, _, url := start(t)
	host := strings.TrimPrefix(url, "http://")
	for origin, allowed := range map[string]bool{
		"": true, "http://" + host: true, "https://" + host: true, "https://page.example": true,
		"https://evil.example": false, "null": false, "file://": false, "x": false, "http://" + host + ".evil.example": false, "://": false,
	} {
		header := http.Header{}
		if origin == "https://page.example" {
			header.Set("X-Forwarded-Host", "page.example")
		}
		if origin != "" {
			header.Set("Origin", origin)
		}
		c, refusal := connect(t, url, header)
		if (c != nil) != allowed {
			t.Errorf("origin %q: connected %t", origin, c != nil)
		}
		if !allowed && refusal != http.StatusForbidden {
			t.Errorf("origin %q: status %d", origin, refusal)
		}
	}
}

func TestPollingWorksToo(t *testing.T) {
	h, _, url := start(t)
	h.Load(0, golden.Ticks()[0].Rows)
	h.Begin(100)
	url += "/socket.io/?EIO=4&transport=polling"
	var open struct {
		SID string `json:"sid"`
	}
	if err := json.Unmarshal([]byte(request(t, http.MethodGet, url, "")[1:]), &open); err != nil {
		t.Fatal(err)
	}
	url += "&sid=" + open.SID
	if got := request(t, http.MethodPost, url, "40"); got != "ok" {
		t.Fatalf("%q", got)
	}
	var got string
	for !strings.Contains(got, `42["snapshot",{`) {
		poll := request(t, http.MethodGet, url, "")
		if poll == "" || len(got) > 1<<20 {
			t.Fatalf("no snapshot in %.300q", got)
		}
		got += poll
	}
	if !strings.Contains(got, fmt.Sprintf(`"id":%d,`, golden.Ticks()[0].Rows[0].ID)) {
		t.Errorf("%.300q", got)
	}
}

func request(t *testing.T, method, url, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d %.200q, %v", response.StatusCode, content, err)
	}
	return string(content)
}

func TestAMessageOverTheLimitEndsOnlyItsClient(t *testing.T) {
	h, _, url := start(t)
	h.Begin(0)
	other, _ := connect(t, url, nil)
	hostile, _ := connect(t, url, nil)
	// The server may hang up before it has taken all of it, so that the write can fail.
	_ = hostile.conn.WriteMessage(websocket.TextMessage, []byte(`42["x","`+strings.Repeat("x", 32<<10)+`"]`))
	for {
		if _, err := hostile.read(); err != nil {
			break
		}
	}
	h.Tick(golden.Ticks()[0].Rows, 100)
	for {
		name, err := other.event(&json.RawMessage{})
		if err != nil {
			t.Fatal(err)
		}
		if name == "samples" {
			break
		}
	}
}

func TestCloseDisconnectsEveryClient(t *testing.T) {
	_, server, url := start(t)
	c, _ := connect(t, url, nil)
	server.Close()
	for {
		if _, err := c.read(); err != nil {
			if e, ok := err.(interface{ Timeout() bool }); ok && e.Timeout() {
				t.Error("still connected")
			}
			return
		}
	}
}
