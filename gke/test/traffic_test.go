package gke_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/observer"
	"github.com/pulso-lab/pulso/internal/phase"
)

const (
	users         = 32
	answerTimeout = 20 * time.Second       // a client that waits longer gives up
	pause         = 200 * time.Millisecond // before a client tries again
)

// answer is what a client got: status 0 when it got none.
type answer struct {
	status int
	lost   error   // why it got none
	API    string  `json:"api"`
	IDs    []int64 `json:"ids"`
}

// traffic is the last answers to many requests.
type traffic struct {
	statuses map[int]int
	routes   map[string]int // acknowledged by each route
	ids      []int64        // acknowledged, one for each request
	retries  int            // of all of them together
}

// ledger is what all clients of a step were told.
type ledger struct {
	mu      sync.Mutex
	ids     []int64 // acknowledged
	lost    error   // why the last request without an answer got none
	unknown int     // requests that nobody repeated after an answer that does not say whether their sample was stored
}

func (l *ledger) note(a answer, repeated bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.lost != nil {
		l.lost = a.lost
	}
	switch a.status {
	case http.StatusCreated:
		l.ids = append(l.ids, a.IDs...)
	case 0, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		if !repeated {
			l.unknown++
		}
	}
}

// client sends samples to the entry point, as many at a time as there are users.
type client struct {
	http   *http.Client
	token  string
	body   []byte
	name   string // with which its keys begin
	rounds int    // so far, which they have next
	told   *ledger
}

func (r *rig) client() *client {
	r.Helper()
	body, err := os.ReadFile(filepath.Join(r.root, "docs", "sample.json"))
	r.check(err)
	transport := &http.Transport{MaxIdleConnsPerHost: users}
	r.Cleanup(transport.CloseIdleConnections)
	return &client{
		http: &http.Client{Timeout: answerTimeout, Transport: transport}, token: ingestToken, body: body,
		name: fmt.Sprint(time.Now().UnixNano()), told: r.told,
	}
}

// post sends one sample to a path, once.
func (c *client) post(ctx context.Context, path, key string) answer {
	a := c.try(ctx, path, key)
	c.told.note(a, false)
	return a
}

// persist sends one sample to /api until it is acknowledged, and says how often it had to.
func (c *client) persist(ctx context.Context, key string) (a answer, tries int) {
	for {
		a = c.try(ctx, "/api", key)
		tries++
		if c.told.note(a, true); a.status == http.StatusCreated || ctx.Err() != nil {
			return a, tries
		}
		time.Sleep(pause)
	}
}

func (c *client) try(ctx context.Context, path, key string) answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, entry+path, bytes.NewReader(c.body))
	if err != nil {
		panic(err) // it is our own
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{lost: err}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{lost: err}
	}
	a := answer{status: response.StatusCode}
	if a.status != http.StatusCreated {
		return a
	}
	if err := json.Unmarshal(content, &a); err != nil {
		return answer{lost: err}
	}
	return a
}

// send sends n samples to /api, each once.
func (c *client) send(ctx context.Context, n int) traffic {
	return c.each(n, func(key string) (answer, int) { return c.post(ctx, "/api", key), 1 })
}

// deliver sends n samples to /api, each until it is acknowledged.
func (c *client) deliver(ctx context.Context, n int) traffic {
	return c.each(n, func(key string) (answer, int) { return c.persist(ctx, key) })
}

func (c *client) each(n int, send func(key string) (answer, int)) traffic {
	keys := make(chan string)
	t := traffic{statuses: map[int]int{}, routes: map[string]int{}}
	var mu sync.Mutex
	var sending sync.WaitGroup
	for range users {
		sending.Go(func() {
			for key := range keys {
				a, tries := send(key)
				mu.Lock()
				t.statuses[a.status]++
				t.retries += tries - 1
				if a.status == http.StatusCreated {
					t.routes[a.API]++
					t.ids = append(t.ids, a.IDs...)
				}
				mu.Unlock()
			}
		})
	}
	for i := range n {
		keys <- fmt.Sprintf("%s-%d-%d", c.name, c.rounds, i)
	}
	close(keys)
	sending.Wait()
	c.rounds++
	return t
}

// observe connects a Socket.IO client to the entry point.
func (r *rig) observe(transport string) *observer.Observer {
	r.Helper()
	r.Setenv("PULSO_SOCKET_TOKEN", socketToken)
	o, err := observer.Start(r.Context(), filepath.Join(r.root, "frontend", "tools", "observe.mjs"), entry, transport)
	r.check(err)
	return o
}

// saw ends a client, which must have got every row once.
func (r *rig) saw(o *observer.Observer, ids []int64) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
	defer cancel()
	if err := o.Await(ctx, ids); err != nil {
		r.Error(err)
	}
	if err := o.Stop(); err != nil {
		r.Error(err)
	}
}

// stranger tries to read the stream without the token.
func (r *rig) stranger() {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
	defer cancel()
	script := filepath.Join(r.root, "frontend", "tools", "observe.mjs")
	cmd := exec.CommandContext(ctx, "node", script, entry, "websocket")
	cmd.Env = append(os.Environ(), "PULSO_SOCKET_TOKEN=another")
	output, err := cmd.StdoutPipe()
	r.check(err)
	_, err = cmd.StdinPipe() // it runs until this ends
	r.check(err)
	r.check(cmd.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil || !strings.Contains(line, "connect_error") {
		r.Errorf("without the token a client of the stream hears %q (%v)", line, err)
	}
	cancel()
	_ = cmd.Wait() // it was killed
}

// replay is phase 2 with 150 users, who wait one to four seconds between two records, on so many records: it is for a
// goroutine of its own.
func (r *rig) replay(records int) func() (phase.Summary, error) {
	r.Helper()
	var recorded, long []json.RawMessage
	r.check(json.Unmarshal(golden.RecordingJSON(), &recorded))
	for i := range records {
		long = append(long, recorded[i%len(recorded)])
	}
	content, err := json.Marshal(long)
	r.check(err)
	recording := filepath.Join(r.dir, "recording.json")
	r.check(os.WriteFile(recording, content, 0o600))
	r.Setenv("PULSO_INGEST_TOKEN", ingestToken)
	locust := phase.Locust{Command: filepath.Join(r.root, "bin", "locust"), Files: filepath.Join(r.root, "locust"), Logs: r.dir}
	return func() (phase.Summary, error) {
		sent, err := locust.Leave(r.Context(), phase.Exit{
			Users: 150, SpawnRate: 150, EntryPoint: entry, Recording: recording, Summary: filepath.Join(r.dir, "summary.json"),
		}, func(phase.Progress) {})
		for _, id := range sent.AcknowledgedIDs {
			r.told.note(answer{status: http.StatusCreated, IDs: []int64{id}}, true)
		}
		return sent, err
	}
}
