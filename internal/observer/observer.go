// Package observer watches the stream with the official Socket.IO client, by WebSocket as the page does, or by polling.
package observer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	stopTimeout = 5 * time.Second
	settle      = time.Second // a row that comes twice comes again with one of the next ticks
)

// Observer is a connected client.
type Observer struct {
	cmd   *exec.Cmd
	done  chan struct{} // closed when its output has ended
	ready chan struct{} // closed with the first snapshot

	mu     sync.Mutex
	counts map[int64]int // how often each id came as news
	change chan struct{} // closed and replaced with each event
	err    error
}

// message is a line of the client's output.
type message struct {
	Event  string  `json:"event"`
	IDs    []int64 `json:"ids"`
	Reason string  `json:"reason"`
}

// Start connects a client to an address with the script given, by a transport (websocket or polling), and returns when it
// has its snapshot. The environment's PULSO_SOCKET_TOKEN is the token that it shows.
func Start(ctx context.Context, script, address, transport string) (*Observer, error) {
	o := &Observer{
		done: make(chan struct{}), ready: make(chan struct{}), change: make(chan struct{}), counts: map[int64]int{},
	}
	o.cmd = exec.CommandContext(ctx, "node", script, address, transport) //nolint:gosec // our own script
	o.cmd.Stderr = os.Stderr
	o.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	o.cmd.Cancel = func() error { return o.cmd.Process.Signal(syscall.SIGTERM) }
	o.cmd.WaitDelay = stopTimeout
	// It runs until its input ends, which stays open until Stop.
	if _, err := o.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("observer: %w", err)
	}
	output, err := o.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("observer: %w", err)
	}
	if err := o.cmd.Start(); err != nil {
		return nil, fmt.Errorf("observer: start node: %w", err)
	}
	go o.follow(output)
	select {
	case <-o.ready:
		return o, nil
	case <-o.done:
		return nil, errors.Join(errors.New("observer: ended before it was connected"), o.Stop())
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), o.Stop())
	}
}

func (o *Observer) follow(output io.Reader) {
	defer close(o.done)
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 16<<20) // a snapshot's ids are one line
	ready := sync.OnceFunc(func() { close(o.ready) })
	for lines.Scan() {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			o.note(func() { o.err = fmt.Errorf("observer: %w: %.200s", err, lines.Bytes()) })
			return
		}
		switch m.Event {
		case "snapshot":
			ready()
		case "samples":
			o.note(func() {
				for _, id := range m.IDs {
					o.counts[id]++
				}
			})
		case "disconnect":
			o.note(func() { o.err = fmt.Errorf("observer: disconnected: %s", m.Reason) })
		}
	}
}

func (o *Observer) note(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
	close(o.change)
	o.change = make(chan struct{})
}

// Await returns a moment after every id has come, and fails when one came twice, when the client was disconnected, or when ctx
// ends first.
func (o *Observer) Await(ctx context.Context, ids []int64) error {
	var settled <-chan time.Time
	for {
		missing, change, err := o.look(ids)
		if err != nil {
			return err
		}
		if missing == 0 && settled == nil {
			settled = time.After(settle)
		}
		select {
		case <-change:
		case <-settled:
			return nil
		case <-o.done:
			return errors.New("observer: ended too early")
		case <-ctx.Done():
			return fmt.Errorf("a Socket.IO client saw all but %d of %d rows", missing, len(ids))
		}
	}
}

func (o *Observer) look(ids []int64) (missing int, change <-chan struct{}, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		switch o.counts[id] {
		case 0:
			missing++
		case 1:
		default:
			return 0, nil, fmt.Errorf("a Socket.IO client saw row %d %d times", id, o.counts[id])
		}
	}
	return missing, o.change, o.err
}

// Stop disconnects the client.
func (o *Observer) Stop() error {
	_ = o.cmd.Process.Signal(syscall.SIGTERM) // one that has ended needs none
	<-o.done
	if err := o.cmd.Wait(); err != nil {
		return fmt.Errorf("observer: %w", err)
	}
	return nil
}
