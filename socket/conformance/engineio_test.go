package conformance

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// EIO Handshake.
func TestHandshake(t *testing.T) {
	s := start(t)
	want := open{PingInterval: 25_000, PingTimeout: 20_000, MaxPayload: 16 << 10}
	status, body := s.request(http.MethodGet, query(polling, ""), "")
	if status != http.StatusOK {
		t.Fatalf("%d %q", status, body)
	}
	first := decodeOpen(t, body)
	_, second := s.open()
	for transport, got := range map[string]open{polling: first, webSocket: second} {
		want.SID, want.Upgrades = got.SID, []string{}
		if transport == polling {
			want.Upgrades = []string{webSocket}
		}
		if !slices.Equal(got.Upgrades, want.Upgrades) || got.Upgrades == nil || got.PingInterval != want.PingInterval || got.PingTimeout != want.PingTimeout || got.MaxPayload != want.MaxPayload {
			t.Errorf("%s: got %+v, want %+v", transport, got, want)
		}
	}
	if first.SID == second.SID {
		t.Errorf("two sessions have the identifier %s", first.SID)
	}
}

// badQueries are refused on both transports: EIO Query parameters, WebSocket.
var badQueries = map[string]string{
	"no version":          "?transport=",
	"version 3":           "?EIO=3&transport=",
	"version 5":           "?EIO=5&transport=",
	"version x":           "?EIO=x&transport=",
	"unknown session":     "?EIO=4&sid=lv_VI97HAXpY6yYWAAAC&transport=",
	"malformed session":   "?EIO=4&sid=../../etc&transport=",
	"NUL in the session":  "?EIO=4&sid=%00&transport=",
	"endless session":     "?EIO=4&sid=" + strings.Repeat("A", 4<<10) + "&transport=",
	"malformed query":     "?EIO=%zz&transport=",
	"no transport":        "?EIO=4&t=",
	"unknown transport":   "?EIO=4&transport=pigeon&t=",
	"transport of HTTP/3": "?EIO=4&transport=webtransport&t=",
}

func TestBadHandshakeOverPolling(t *testing.T) {
	s := start(t)
	for name, bad := range badQueries {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if status, body := s.request(method, "/socket.io/"+bad+polling, "40"); status != http.StatusBadRequest {
				t.Errorf("%s, %s: %d %q, want 400", name, method, status, body)
			}
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodHead} {
		if status, body := s.request(method, query(polling, ""), "40"); status != http.StatusBadRequest {
			t.Errorf("%s without a session: %d %q, want 400", method, status, body)
		}
	}
	if status, body := s.request(http.MethodGet, query(webSocket, ""), ""); status != http.StatusBadRequest {
		t.Errorf("a WebSocket without an upgrade: %d %q, want 400", status, body)
	}
}

func TestBadHandshakeOverWebSocket(t *testing.T) {
	s := start(t)
	for name, bad := range badQueries {
		t.Run(name, func(t *testing.T) {
			if c, _ := s.in(t).dial("/socket.io/" + bad + webSocket); c != nil {
				c.ends()
			}
		})
	}
	t.Run("polling over a WebSocket", func(t *testing.T) {
		if c, _ := s.in(t).dial(query(polling, "")); c != nil {
			c.ends()
		}
	})
}

// EIO Packet encoding: packets are separated by \x1e and keep their order, binary ones are b and base64.
func TestPollingCarriesPackets(t *testing.T) {
	s := start(t)
	p := s.joinPolling()
	p.send("40/one,", `451-["unknown",{"_placeholder":true,"num":0}]`, "bAQIDBA==", "40/two,")
	var got []string
	for len(got) < 2 {
		if packet := p.next(); strings.HasPrefix(packet, "44") {
			got = append(got, packet[:len("44/one,")])
		}
	}
	if want := []string{"44/one,", "44/two,"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	p.serves()
}

// EIO Receiving data: a request without news waits for them.
func TestALongPollWaits(t *testing.T) {
	s := start(t)
	p := s.joinPolling()
	p.await(`42["snapshot",`)
	news := make(chan string, 1)
	go func() {
		_, body, err := s.try(t.Context(), http.MethodGet, query(polling, p.sid), "")
		if err != nil {
			t.Error(err)
		}
		news <- body
	}()
	id := s.store()
	if body := <-news; !strings.Contains(body, `42["samples",`) || !strings.Contains(body, id) {
		t.Errorf("%s is not in %.300q", id, body)
	}
}

// EIO Receiving data, Sending data: requests of one kind must not overlap.
func TestOverlappingRequestsEndTheSession(t *testing.T) {
	s := start(t)
	t.Run("GET", func(t *testing.T) {
		s := s.in(t)
		p := s.joinPolling()
		p.await(`42["snapshot",`)
		statuses := make(chan int, 2)
		for range 2 {
			go func() {
				status, _, err := s.try(t.Context(), http.MethodGet, query(polling, p.sid), "")
				if err != nil {
					t.Error(err)
				}
				statuses <- status
			}()
		}
		if got := []int{<-statuses, <-statuses}; !slices.Contains(got, http.StatusBadRequest) {
			t.Errorf("%d, want 400 among them", got)
		}
		p.ends()
	})
	t.Run("POST", func(t *testing.T) {
		s := s.in(t)
		p := s.joinPolling()
		slow := s.dialRaw()
		slow.send("POST " + query(polling, p.sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n42")
		// The server may take up the second request before the first: then that one is refused.
		deadline := time.Now().Add(prompt)
		for status := 0; status != http.StatusBadRequest; {
			if time.Now().After(deadline) {
				t.Fatal("no POST is refused beside a slow one")
			}
			status, _ = p.post("40/nobody,")
		}
		p.ends()
	})
}

// EIO Protocol: close. The poll that waits is answered, so that the client is free.
func TestPollingCloses(t *testing.T) {
	s := start(t)
	p := s.joinPolling()
	p.await(`42["snapshot",`)
	answered := make(chan int, 1)
	go func() {
		status, _, err := s.try(t.Context(), http.MethodGet, query(polling, p.sid), "")
		if err != nil {
			t.Error(err)
		}
		answered <- status
	}()
	p.send("1")
	// 400 where the close overtook the poll.
	if status := <-answered; status != http.StatusOK && status != http.StatusBadRequest {
		t.Errorf("the pending poll: %d", status)
	}
	p.ends()
}

// What is no packet, or breaks a rule of the two protocols, ends the session.
func TestBadPosts(t *testing.T) {
	s := start(t)
	const ok, bad, large = http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge
	for name, c := range map[string]struct {
		body   string
		header []string
		status int
		serves bool
	}{
		"garbage":                {"abc", nil, bad, false},
		"nothing":                {"", nil, ok, true},
		"separators":             {"\x1e\x1e\x1e", nil, ok, true},
		"an unknown packet":      {"9", nil, bad, false},
		"malformed base64":       {"b!!!!", nil, bad, false},
		"invalid UTF-8":          {"42[\"\xff\xfe\"]", nil, ok, true},
		"over the limit":         {`42["x","` + strings.Repeat("x", 16<<10) + `"]`, nil, large, true},
		"a ping of the client's": {"2", nil, bad, false},
		"a binary body":          {"40", []string{"Content-Type", "application/octet-stream"}, bad, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.in(t).joinPolling()
			if status, body := p.post(c.body, c.header...); status != c.status {
				t.Errorf("%d %q, want %d", status, body, c.status)
			}
			if c.serves {
				p.serves()
			} else {
				p.ends()
			}
		})
	}
}

// EIO Upgrade: nothing is lost on the way, and nothing comes twice.
func TestUpgrade(t *testing.T) {
	s := start(t)
	p := s.joinPolling()
	p.await(`42["snapshot",`)
	poll := make(chan string, 1)
	go func() {
		_, body, err := s.try(t.Context(), http.MethodGet, query(polling, p.sid), "")
		if err != nil {
			t.Error(err)
		}
		poll <- body
	}()
	c, refused := s.dial(query(webSocket, p.sid))
	if refused != 0 {
		t.Fatal(refused)
	}
	c.send("2probe")
	if got := c.await(""); got != "3probe" {
		t.Errorf("the probe is answered by %q", got)
	}
	if got := <-poll; got != "6" {
		t.Errorf("the pending poll is answered by %q, want a noop", got)
	}
	paused := s.store() // is kept until the upgrade packet
	c.send("5")
	c.awaitRow(paused)
	c.awaitRow(s.store())
	c.serves()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if status, body := s.request(method, query(polling, p.sid), "6"); status != http.StatusBadRequest {
			t.Errorf("%s after the upgrade: %d %q, want 400", method, status, body)
		}
	}
	again, refused := s.dial(query(webSocket, p.sid)) // EIO WebSocket: not more than one for each session
	if refused == 0 {
		again.ends()
	}
	c.serves()
}

// EIO Upgrade: a client whose probe fails stays with polling.
func TestFailedProbe(t *testing.T) {
	s := start(t)
	for name, packets := range map[string][]string{
		"another payload":     {"2nope"},
		"no probe":            {"4x"},
		"garbage":             {"abc"},
		"an event":            {`42["unknown"]`},
		"a close packet":      {"1"},
		"no upgrade packet":   {"2probe", "4x"},
		"a message over 16 k": {"2" + strings.Repeat("x", 17<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			p := s.joinPolling()
			c, refused := s.dial(query(webSocket, p.sid))
			if refused != 0 {
				t.Fatal(refused)
			}
			for _, packet := range packets {
				c.send(packet)
			}
			c.ends()
			p.serves()
		})
	}
	t.Run("hanging up", func(t *testing.T) {
		s := s.in(t)
		p := s.joinPolling()
		c, refused := s.dial(query(webSocket, p.sid))
		if refused != 0 {
			t.Fatal(refused)
		}
		c.send("2probe")
		c.await("3probe")
		_ = c.conn.Close()
		p.serves()
		for deadline := time.Now().Add(patience); ; { // until the server has noticed
			again, refused := s.dial(query(webSocket, p.sid))
			if refused != 0 {
				t.Fatal(refused)
			}
			again.send("2probe")
			if got, err := again.read(patience); err == nil && got == "3probe" {
				again.send("5")
				again.serves()
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("no second probe is answered")
			}
		}
	})
}

// A probe that nobody completes is given up.
func TestAProbeWithoutUpgradeIsGivenUp(t *testing.T) {
	s := start(t)
	p := s.joinPolling()
	p.await(`42["snapshot",`)
	c, refused := s.dial(query(webSocket, p.sid))
	if refused != 0 {
		t.Fatal(refused)
	}
	c.send("2probe")
	c.await("3probe")
	if message, err := c.read(patience); err == nil || expired(err) { // 10 s
		t.Errorf("%q, %v", message, err)
	}
	p.serves()
}
