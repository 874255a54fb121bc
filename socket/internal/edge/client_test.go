package edge_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/socket/internal/edge"
)

// dial opens a WebSocket and says what it connects with; the answer is the packet that comes back.
func dial(t *testing.T, url, connect string) (*client, string) {
	t.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(url, "http")+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	c := &client{conn}
	c.expect(t, "0")
	c.say(t, connect)
	return c, c.expect(t, "4")
}

func (c *client) say(t *testing.T, packet string) {
	t.Helper()
	if err := c.conn.WriteMessage(websocket.TextMessage, []byte(packet)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAClientSaysWhenItConnects(t *testing.T) {
	h, _, url := start(t, func(o *edge.Options) { o.Token = service.NewToken("geheim") })
	h.Begin(0)
	for connect, code := range map[string]string{
		`40{"token":"geheim"}`:                           "",
		`40{"token":"geheim","cursor":5,"other":[1]}`:    "",
		`40{"token":"geheim","cursor":9007199254740991}`: "",
		`40`:                                     "sin_permiso",
		`40{}`:                                   "sin_permiso",
		`40{"token":"falsch"}`:                   "sin_permiso",
		`40{"token":["geheim"]}`:                 "parametro_invalido",
		`40{"token":"geheim","cursor":-1}`:       "parametro_invalido",
		`40{"token":"geheim","cursor":1.5}`:      "parametro_invalido",
		`40{"token":"geheim","cursor":"1"}`:      "parametro_invalido",
		`40{"token":"geheim","cursor":1e300}`:    "parametro_invalido",
		`40{"token":"geheim","cursor":{"a":[]}}`: "parametro_invalido",
	} {
		_, answer := dial(t, url, connect)
		if code == "" {
			if !strings.HasPrefix(answer, "40{") {
				t.Errorf("%s: %s", connect, answer)
			}
			continue
		}
		var refused struct{ Data event.Failure }
		if err := json.Unmarshal([]byte(strings.TrimPrefix(answer, "44")), &refused); err != nil || refused.Data.Code != code || refused.Data.Message == "" {
			t.Errorf("%s: %s, %v; want %s", connect, answer, err, code)
		}
	}
}

func TestAClientComesBackWithItsCursor(t *testing.T) {
	h, _, url := start(t)
	ticks := golden.Ticks()
	h.Load(0, ticks[0].Rows)
	h.Begin(ticks[0].Cursor)
	c, _ := dial(t, url, `40{"cursor":0}`)
	var samples event.Samples
	if name, err := c.event(&samples); name != "samples" || err != nil || len(samples.Rows) != len(ticks[0].Rows) {
		t.Fatalf("%s with %d rows, %v", name, len(samples.Rows), err)
	}
	if name, err := c.event(&event.Snapshot{}); name != "snapshot" || err != nil {
		t.Errorf("%s, %v", name, err)
	}
}

func TestHistoryIsAcknowledged(t *testing.T) {
	h, _, url := start(t)
	h.Begin(0)
	c, _ := dial(t, url, "40")
	for packet, want := range map[string]string{
		`421["history",{"host":"vm","from":"2026-03-01 12:00:00","to":"2026-03-01 12:05:00","points":10}]`: `"host":"vm"`,
		`422["history",{"host":"vm","from":"2026-03-01 12:00:00","to":"2026-03-01 12:05:00"}]`:             `"mensaje":"points`,
		`423["history",{"host":5}]`:            `host is of the wrong type`,
		`424["history",{"from":"yesterday"}]`:  `is not a date`,
		`425["history"]`:                       `one object`,
		`426["history",null,null]`:             `one object`,
		`427["history",[[[["x"]]]]]`:           `"error":"parametro_invalido"`,
		`42["history",{"host":"nobody asks"}]`: ``,
	} {
		c.say(t, packet)
		if want == "" {
			continue
		}
		id := "43" + packet[2:3] + "["
		for {
			answer := c.expect(t, "4")
			if !strings.HasPrefix(answer, "43") {
				continue // the snapshot
			}
			if !strings.HasPrefix(answer, id) || !strings.Contains(answer, want) {
				t.Errorf("%s: %s, want %s", packet, answer, want)
			}
			break
		}
	}
}

func TestPagesThatAreNamedMayConnect(t *testing.T) {
	_, _, url := start(t, func(o *edge.Options) { o.Origins = []string{"https://page.example"} })
	type reply struct {
		status int
		header http.Header
	}
	ask := func(method, origin string) reply {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url+"/socket.io/?EIO=4&transport=polling", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", origin)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return reply{response.StatusCode, response.Header}
	}
	for _, method := range []string{http.MethodGet, http.MethodOptions} {
		named, other := ask(method, "https://page.example"), ask(method, "https://evil.example")
		if named.status >= 300 || named.header.Get("Access-Control-Allow-Origin") != "https://page.example" || named.header.Get("Vary") == "" {
			t.Errorf("%s: %d %v", method, named.status, named.header)
		}
		if other.status != http.StatusForbidden || other.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s from elsewhere: %d %v", method, other.status, other.header)
		}
	}
}

func TestOneClientTooMany(t *testing.T) {
	_, _, url := start(t, func(o *edge.Options) { o.Clients = 2 })
	first, _ := connect(t, url, nil)
	connect(t, url, nil)
	if _, status := connect(t, url, nil); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	_ = first.conn.Close()
	for { // its place is free when the server has noticed
		if c, status := connect(t, url, nil); c != nil {
			break
		} else if status != http.StatusServiceUnavailable {
			t.Fatalf("status %d", status)
		}
	}
}

func TestAFloodEndsOnlyItsClient(t *testing.T) {
	h, _, url := start(t)
	h.Begin(0)
	other, _ := connect(t, url, nil)
	flood, _ := connect(t, url, nil)
	for range 10_000 {
		if err := flood.conn.WriteMessage(websocket.TextMessage, []byte(`421["history",{}]`)); err != nil {
			break
		}
	}
	for {
		if _, err := flood.read(); err != nil {
			break
		}
	}
	h.Tick(golden.Ticks()[0].Rows, 100)
	for {
		if name, err := other.event(&json.RawMessage{}); err != nil {
			t.Fatal(err)
		} else if name == "samples" {
			break
		}
	}
}

func TestAConnectionJoinsOnce(t *testing.T) {
	h, _, url := start(t)
	h.Begin(0)
	for _, again := range []string{"40/,{}", "40", "40{}", "40/,", "40null"} {
		c, _ := dial(t, url, "40")
		for range 5 {
			_ = c.conn.WriteMessage(websocket.TextMessage, []byte(again)) // the server may hang up in between
		}
		joined, snapshots := 1, 0
		for {
			message, err := c.read()
			if err != nil {
				break
			}
			if strings.HasPrefix(message, "40") {
				joined++
			}
			if strings.HasPrefix(message, `42["snapshot"`) {
				snapshots++
			}
		}
		if joined != 1 || snapshots > 1 {
			t.Errorf("%s: joined %d times, %d snapshots", again, joined, snapshots)
		}
	}
}

func TestManyConnectsAtOnceAreOne(t *testing.T) {
	h, _, url := start(t)
	h.Begin(0)
	for _, first := range []string{"40/,{}", "40null", "40"} {
		conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(url, "http")+"/socket.io/?EIO=4&transport=websocket", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		c := &client{conn}
		for range 5 {
			_ = conn.WriteMessage(websocket.TextMessage, []byte(first)) // the server may hang up in between
		}
		joined := 0
		for {
			message, err := c.read()
			if err != nil {
				break
			}
			if strings.HasPrefix(message, "40") {
				joined++
			}
		}
		_ = conn.Close()
		if joined != 1 {
			t.Errorf("%s: joined %d times", first, joined)
		}
	}
}
