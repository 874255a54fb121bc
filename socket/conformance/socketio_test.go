package conformance

import (
	"encoding/json"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// SIO Connection to a namespace.
func TestConnect(t *testing.T) {
	s := start(t)
	for name, auth := range map[string]string{
		"nothing":      "",
		"no fields":    "{}",
		"a token":      `{"token":"not asked for"}`,
		"a cursor":     `{"cursor":0}`,
		"other fields": `{"cursor":1,"name":"x","list":[1,{}]}`,
		"nulls":        `{"cursor":null,"token":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			c, session := s.in(t).open()
			c.send("40" + auth)
			var connected struct{ SID string }
			answer := c.await("40")
			if err := json.Unmarshal([]byte(answer[2:]), &connected); err != nil || connected.SID == "" || connected.SID == session.SID {
				t.Errorf("%q in session %s, %v", answer, session.SID, err)
			}
			c.await(`42["snapshot",{`)
			c.serves()
		})
	}
}

func TestAnUnknownNamespaceIsRefused(t *testing.T) {
	s := start(t)
	c, _ := s.open()
	c.send("40/admin,")
	if got := c.await("44"); got != `44/admin,{"message":"Invalid namespace"}` {
		t.Errorf("%q", got)
	}
	c.send("40")
	c.await(`42["snapshot",{`)
	c.send(`40/admin,{"token":"x"}`)
	c.await(`44/admin,{"message":"Invalid namespace"}`)
	c.serves()
}

// refusal is what comes with CONNECT_ERROR, as docs/contract.md says.
type refusal struct {
	Message string
	Data    event.Failure
}

func (c *client) awaitRefusal(code string) {
	c.t.Helper()
	var got refusal
	packet := c.await("44{")
	if err := json.Unmarshal([]byte(packet[2:]), &got); err != nil || got.Data.Code != code || got.Message == "" || got.Data.Message == "" {
		c.t.Errorf("%q, %v; want %s", packet, err, code)
	}
}

func TestAnAuthThatMakesNoSenseIsRefused(t *testing.T) {
	s := start(t)
	for _, auth := range []string{`{"token":7}`, `{"cursor":"7"}`, `{"cursor":1e300}`, `{"cursor":-1}`, `{"cursor":0.5}`, `{"cursor":[]}`} {
		c, _ := s.open()
		c.send("40" + auth)
		c.awaitRefusal("parametro_invalido")
	}
}

func TestAToken(t *testing.T) {
	const secret = "unlock me"
	t.Parallel()
	s := launch(t, storetest.DSN(t), "PULSO_SOCKET_TOKEN="+secret)
	for _, auth := range []string{"", "{}", `{"token":""}`, `{"token":"wrong"}`, `{"token":"unlock me "}`, `{"token":null}`} {
		c, _ := s.open()
		c.send("40" + auth)
		c.awaitRefusal("sin_permiso")
		s.store() // is for nobody
		c.send("40/nobody,")
		if message, err := c.read(patience); err != nil || !strings.HasPrefix(message, "44/nobody,") {
			t.Errorf("a client without the token gets %.100q, %v", message, err)
		}
		c.send(`40{"token":"` + secret + `"}`) // it may try again
		c.awaitRow(s.store())
	}
}

// SIO Connection to a namespace: a session without CONNECT ends.
func TestAClientThatNeverConnectsIsEnded(t *testing.T) {
	s := start(t)
	c, _ := s.open()
	if message, err := c.read(patience); err == nil || expired(err) {
		t.Errorf("%q, %v", message, err)
	}
}

// SIO Disconnection from a namespace: the connection is kept, and carries no more events.
func TestAClientMayLeaveAndComeBack(t *testing.T) {
	s := start(t)
	other := s.join("")
	c := s.join("")
	c.send("41")
	for deadline, got := time.Now().Add(patience), ""; !strings.HasPrefix(got, "44/nobody,"); { // what was on its way comes first
		other.awaitRow(s.store())
		c.send("40/nobody,")
		var err error
		if got, err = c.read(patience); err != nil || time.Now().After(deadline) {
			t.Fatalf("after it left a client gets %.100q, %v", got, err)
		}
	}
	c.send("40")
	c.await("40{")
	c.awaitRow(s.store())
}

// The drain does not wait for clients that would stay.
func TestTheServerSaysGoodbye(t *testing.T) {
	t.Parallel()
	s := launch(t, storetest.DSN(t))
	c := s.join("")
	c.awaitRow(s.store())
	s.joinPolling()
	p := s.joinPolling()
	p.await(`42["snapshot",`)
	asked := make(chan struct{})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(asked) }})
	answered := make(chan string, 1)
	go func() {
		_, body, _ := s.try(ctx, http.MethodGet, query(polling, p.sid), "")
		answered <- body
	}()
	<-asked
	c.serves()
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > prompt {
		t.Errorf("the drain took %v", took)
	}
	// The request may not have been taken up, and its connection closed.
	if got := <-answered; got != "1" && got != "" {
		t.Errorf("the pending poll is answered by %q, want a close packet", got)
	}
	c.ends()
}

const (
	ends   = false
	serves = true
)

// bare marks a packet that goes as a binary frame.
const bare = "\x00"

// SIO Sending and receiving data, Packet encoding: a packet that breaks the rules ends its client's session. One that
// keeps them and means nothing here is passed over.
var packets = map[string]struct {
	packets []string
	then    bool
}{
	"nothing":                        {[]string{""}, ends},
	"garbage":                        {[]string{"abc"}, ends},
	"an unknown Engine.IO packet":    {[]string{"9"}, ends},
	"a ping of the client's":         {[]string{"2"}, ends},
	"a probe without upgrade":        {[]string{"2probe"}, ends},
	"a pong that nobody asked for":   {[]string{"3"}, serves},
	"an upgrade without probe":       {[]string{"5"}, serves},
	"a noop":                         {[]string{"6"}, serves},
	"an empty message":               {[]string{"4"}, ends},
	"a message that is no packet":    {[]string{"4x"}, ends},
	"an unknown Socket.IO packet":    {[]string{"47"}, ends},
	"an event without payload":       {[]string{"42"}, ends},
	"an empty event":                 {[]string{"42[]"}, ends},
	"an event that is null":          {[]string{"42null"}, ends},
	"an event that is an object":     {[]string{`42{"a":1}`}, ends},
	"an event that is a text":        {[]string{`42"x"`}, ends},
	"half JSON":                      {[]string{`42["x"`}, ends},
	"an event named null":            {[]string{`42[null]`}, ends},
	"an event named by an object":    {[]string{`42[{"a":1}]`}, ends},
	"a reserved event":               {[]string{`42["connect"]`}, ends},
	"another reserved event":         {[]string{`42["disconnecting",1]`}, ends},
	"an unknown event":               {[]string{`42["unknown",{"a":[1]}]`}, serves},
	"an unknown event wants an ack":  {[]string{`421["unknown"]`}, serves},
	"an event of an unknown place":   {[]string{`42/admin,["unknown"]`}, ends},
	"half a character":               {[]string{`42["\ud800"]`}, serves},
	"a control character":            {[]string{"42[\"\x01\"]"}, ends},
	"half deep JSON":                 {[]string{`42["unknown",` + strings.Repeat("[", 16_000)}, ends},
	"a number over all bounds":       {[]string{`42["unknown",1e999]`}, ends},
	"a number of 9,000 digits":       {[]string{`42["unknown",` + strings.Repeat("9", 9000) + `]`}, ends},
	"an id over all bounds":          {[]string{`42` + strings.Repeat("9", 30) + `["unknown"]`}, ends},
	"an ack that nobody asked for":   {[]string{`431["x"]`}, serves},
	"an ack without payload":         {[]string{`431`}, ends},
	"an ack without id":              {[]string{`43["x"]`}, serves},
	"a refusal by the client":        {[]string{`44{"message":"x"}`}, ends},
	"a second connect":               {[]string{`40`}, ends},
	"a connect with an array":        {[]string{`40[]`}, ends},
	"a disconnect with payload":      {[]string{`41{}`}, ends},
	"a long namespace":               {[]string{"40/" + strings.Repeat("x", 5000)}, ends},
	"a message over the limit":       {[]string{`42["x","` + strings.Repeat("x", 16<<10) + `"]`}, ends},
	"a binary event":                 {[]string{`451-["unknown",{"_placeholder":true,"num":0}]`, bare + "\x00\xff"}, serves},
	"a binary event in two":          {[]string{`452-["unknown",{"_placeholder":true,"num":1},[{"_placeholder":true,"num":0}]]`, bare + "1", bare}, serves},
	"a binary event wants an ack":    {[]string{`451-7["unknown",{"_placeholder":true,"num":0}]`, bare + "1"}, serves},
	"a binary ack":                   {[]string{`461-7[{"_placeholder":true,"num":0}]`, bare + "1"}, serves},
	"a binary packet over the limit": {[]string{`451-["unknown",{"_placeholder":true,"num":0}]`, bare + strings.Repeat("x", 17<<10)}, ends},
	"binary data without event":      {[]string{bare + "1"}, ends},
	"text instead of binary data":    {[]string{`451-["unknown",{"_placeholder":true,"num":0}]`, `42["unknown"]`}, ends},
	"a placeholder for nothing":      {[]string{`451-["unknown",{"_placeholder":true,"num":9}]`, bare + "1"}, ends},
	"no number of attachments":       {[]string{`45-["unknown"]`}, ends},
	"attachments without end":        {[]string{`451["unknown"]`}, ends},
	"a negative number of them":      {[]string{`45-1-["unknown"]`}, ends},
	"many attachments":               {[]string{`459999999999999999999-["unknown"]`}, ends},
	"more attachments than allowed":  {[]string{`4511-["unknown"]`}, ends},
	"a binary event by name":         {[]string{`451-[{"_placeholder":true,"num":0}]`, bare + "1"}, ends},
}

func TestPackets(t *testing.T) {
	s := start(t)
	for name, c := range packets {
		t.Run(name, func(t *testing.T) {
			client := s.in(t).join("")
			for _, packet := range c.packets {
				if payload, binary := strings.CutPrefix(packet, bare); binary {
					client.sendBinary(payload)
				} else {
					client.send(packet)
				}
			}
			if c.then == serves {
				client.serves()
			} else {
				client.ends()
			}
		})
	}
}

// SIO Connection to a namespace: where CONNECT is not first, the server closes at once.
func TestPacketsBeforeConnect(t *testing.T) {
	s := start(t)
	for name, packet := range map[string]string{
		"event":        `42["unknown"]`,
		"disconnect":   "41",
		"ack":          "431[]",
		"refusal":      `44{"message":"x"}`,
		"binary event": `450-["unknown"]`,
		"history":      `421["history",{}]`,
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := s.in(t).open()
			c.send(packet)
			c.ends()
		})
	}
}

// SIO Acknowledgement: the answer carries the id of the question, whatever the question.
func TestHistoryIsAcknowledged(t *testing.T) {
	s := start(t)
	c := s.join("")
	for question, failure := range map[string]string{
		`{"host":"vm","from":"2026-03-01 12:00:00","to":"2026-03-01 13:00:00","points":10}`: "",
		`{"host":"vm","from":"2026-03-01 12:00:00","to":"2026-03-01 13:00:00","points":0}`:  "parametro_invalido",
		`{}`:             "parametro_invalido",
		`null`:           "parametro_invalido",
		`[]`:             "parametro_invalido",
		`"x",2`:          "parametro_invalido",
		`{"points":1.5}`: "parametro_invalido",
		`{"host":"vm","from":"2026-03-01 12:00:00","to":"2026-03-01 13:00:00","points":1e300}`: "parametro_invalido",
	} {
		c.send(`4212["history",` + question + `]`)
		var answer []struct {
			event.Failure
			Buckets *[]event.Bucket `json:"buckets"`
		}
		packet := c.await("4312[")
		if err := json.Unmarshal([]byte(packet[4:]), &answer); err != nil || len(answer) != 1 {
			t.Fatalf("%s: %q, %v", question, packet, err)
		}
		if answer[0].Code != failure || failure == "" && answer[0].Buckets == nil {
			t.Errorf("%s: %.300s, want %q", question, packet, failure)
		}
	}
	c.send(`451-13["history",{"_placeholder":true,"num":0}]`)
	c.sendBinary("\x00\xff")
	if packet := c.await("4313["); !strings.Contains(packet, `"parametro_invalido"`) {
		t.Errorf("binary data: %.300s", packet)
	}
	c.send(`42["history",{}]`) // wants no answer
	c.serves()
}
