package conformance

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/socket/internal/edge"
	"github.com/pulso-lab/pulso/socket/internal/hub"
)

// silence is a stream without events.
type silence struct{}

func (silence) Stream(ctx context.Context, _ *int64, _ func(hub.Message) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// impatient is an edge in this process whose clients hear a ping often and have to answer soon.
func impatient(t *testing.T, interval, timeout time.Duration) server {
	t.Helper()
	t.Parallel()
	stream, err := edge.New(edge.Options{
		Clients: 100, PingInterval: interval, PingTimeout: timeout, Stream: silence{}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(stream)
	t.Cleanup(func() {
		stream.Close()
		web.CloseClientConnections()
		web.Close()
	})
	return server{t, &process{address: strings.TrimPrefix(web.URL, "http://")}}
}

// EIO Heartbeat: the server sends a ping every interval, as long as each is answered.
func TestPingsGoOnWhileTheyAreAnswered(t *testing.T) {
	const interval, rounds = 100 * time.Millisecond, 5
	s := impatient(t, interval, 2*time.Second)
	t.Run(webSocket, func(t *testing.T) {
		c := s.in(t).join("")
		began := time.Now()
		for range rounds {
			c.await("2")
			c.send("3")
		}
		if took := time.Since(began); took < (rounds-1)*interval {
			t.Errorf("%d pings in %v, every %v", rounds, took, interval)
		}
		c.serves()
	})
	t.Run(polling, func(t *testing.T) {
		p := s.in(t).joinPolling()
		for range rounds {
			p.await("2")
			p.send("3")
		}
		p.serves()
	})
}

// EIO Heartbeat: a client that does not answer is considered gone. Other packets are no answer.
func TestAPingThatIsNotAnsweredEndsTheSession(t *testing.T) {
	s := impatient(t, 50*time.Millisecond, 200*time.Millisecond)
	t.Run(webSocket, func(t *testing.T) {
		c := s.in(t).join("")
		c.await("2")
		c.send("6")
		c.ends()
	})
	t.Run(polling, func(t *testing.T) {
		s := s.in(t)
		p := s.joinPolling()
		p.await("2")
		for deadline := time.Now().Add(prompt); ; {
			status, _ := p.get() // waits until the server gives the session up
			if status == http.StatusBadRequest {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("the server does not end the session")
			}
		}
	})
}
