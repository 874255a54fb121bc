package patience

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

const (
	much = 32 << 20 // bytes, more than all buffers on the way hold
	long = time.Minute
)

// pair is both ends of a connection.
func pair(t *testing.T, limit time.Duration) (server, client net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = Listener(ln, limit).Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = server.Close(), client.Close() })
	return server, client
}

// write writes so much that it waits for the client, and says how that ended.
func write(server net.Conn) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := server.Write(make([]byte, much))
		done <- err
	}()
	return done
}

func TestAClientThatTakesNothing(t *testing.T) {
	server, _ := pair(t, 100*time.Millisecond)
	if err := <-write(server); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a write that nobody takes: %v", err)
	}
}

// TestAClientThatIsSlow takes longer in all than it may for a chunk.
func TestAClientThatIsSlow(t *testing.T) {
	const limit = 500 * time.Millisecond
	server, client := pair(t, limit)
	written := write(server)
	began, pause := time.Now(), time.NewTicker(limit/50)
	defer pause.Stop()
	for taken := int64(0); taken < much; <-pause.C {
		n, err := io.CopyN(io.Discard, client, much/128) // a whole number
		if err != nil {
			t.Fatalf("after %d bytes: %v", taken, err)
		}
		taken += n
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < limit {
		t.Errorf("took only %v", took)
	}
}

// TestTheServersOwnDeadline ends a write at once, one that waits and one that begins later.
func TestTheServersOwnDeadline(t *testing.T) {
	for name, set := range map[string]func(net.Conn, time.Time) error{
		"write": net.Conn.SetWriteDeadline, "both": net.Conn.SetDeadline,
	} {
		t.Run(name, func(t *testing.T) {
			server, _ := pair(t, long)
			waiting := write(server)
			if err := set(server, time.Now().Add(50*time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			for _, written := range []<-chan error{waiting, write(server)} {
				select {
				case err := <-written:
					if !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("after the deadline: %v", err)
					}
				case <-time.After(10 * time.Second):
					t.Fatal("the write still waits")
				}
			}
			if err := set(server, time.Time{}); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-write(server):
				t.Errorf("without a deadline: %v", err)
			case <-time.After(100 * time.Millisecond):
			}
		})
	}
}
