package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	users          = 150
	usersWithKey   = 100
	thinkTime      = 20 * time.Millisecond // what is noted of every parcel stays in memory, however fast the service is
	attemptTimeout = 20 * time.Second      // well over all deadlines of the service
	firstBackoff   = 50 * time.Millisecond
	lastBackoff    = time.Second // no server can ask for more
)

// crowd is the users and what they have seen.
type crowd struct {
	entry  string
	client *http.Client
	users  sync.WaitGroup
	rest   chan struct{} // closed: no new parcels

	mu      sync.Mutex
	parcels []*parcel
	seen    tally
}

func newCrowd(entry string) *crowd {
	return &crowd{
		entry:  entry,
		client: &http.Client{Timeout: attemptTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: users}},
		rest:   make(chan struct{}),
		seen:   tally{map[verdict]int{}, map[string]int{}},
	}
}

// arrive lets all users send until they are to rest; then each still gets its last parcel acknowledged. ctx ends that, too.
func (c *crowd) arrive(ctx context.Context) {
	for n := range users {
		random := rand.New(rand.NewPCG(uint64(n), 0))
		c.users.Go(func() { c.use(ctx, fmt.Sprintf("user-%03d", n), n < usersWithKey, random) })
	}
}

// use is one user's life.
func (c *crowd) use(ctx context.Context, name string, withKey bool, random *rand.Rand) {
	for next := int64(1); ; {
		select {
		case <-c.rest:
			return
		case <-ctx.Done():
			return
		case <-time.After(thinkTime):
		}
		key, count := "", size(random)
		if withKey {
			key = fmt.Sprintf("%s/%d", name, next)
		}
		c.deliver(ctx, pack(key, name, next, count), random)
		next += int64(count)
	}
}

// deliver sends a parcel: with a key until it is acknowledged, or refused for good; without one, once.
func (c *crowd) deliver(ctx context.Context, p *parcel, random *rand.Rand) {
	c.mu.Lock()
	c.parcels = append(c.parcels, p)
	c.mu.Unlock()
	for wait := firstBackoff; ; wait = min(2*wait, lastBackoff) {
		said, retryAfter := c.send(ctx, p)
		verdict := said.verdict()
		if verdict == stored || verdict == refused || verdict == nonsense {
			return
		}
		pause := max(wait, min(retryAfter, lastBackoff))
		timer := time.NewTimer(pause + time.Duration(random.Int64N(int64(pause/4))))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		if p.key == "" {
			return
		}
	}
}

// send makes one attempt and notes it.
func (c *crowd) send(ctx context.Context, p *parcel) (said attempt, retryAfter time.Duration) {
	said.began = time.Now()
	retryAfter, said.cause = c.post(ctx, p, &said)
	said.ended = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	p.attempts = append(p.attempts, said)
	c.seen.verdicts[said.verdict()]++
	if said.verdict() == stored {
		c.seen.routes[said.api]++
	}
	return said, retryAfter
}

func (c *crowd) post(ctx context.Context, p *parcel, said *attempt) (retryAfter time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.entry+"/api", bytes.NewReader(p.body))
	if err != nil {
		return 0, err
	}
	request.GetBody = nil // retries are ours and not net/http's
	request.Header.Set("Content-Type", "application/json")
	if p.key != "" {
		request.Header.Set("Idempotency-Key", p.key)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	said.status = response.StatusCode
	var body struct {
		API        string  `json:"api"`
		Insertados int     `json:"insertados"`
		IDs        []int64 `json:"ids"`
		Error      string  `json:"error"`
	}
	if err := json.Unmarshal(content, &body); err != nil {
		return 0, fmt.Errorf("%w: %.200s", err, content)
	}
	said.api, said.ids, said.code = body.API, body.IDs, body.Error
	if said.status == http.StatusCreated && (body.Insertados != len(p.samples) || len(body.IDs) != len(p.samples)) {
		return 0, fmt.Errorf("of %d samples: %s", len(p.samples), content)
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // absent is no wait
	return time.Duration(seconds) * time.Second, nil
}

// tally is a count of what was seen so far, or since another one.
type tally struct {
	verdicts map[verdict]int
	routes   map[string]int // that acknowledged
}

func (c *crowd) tally() tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	return tally{maps.Clone(c.seen.verdicts), maps.Clone(c.seen.routes)}
}

func (t tally) minus(before tally) tally {
	for v, n := range before.verdicts {
		t.verdicts[v] -= n
	}
	for api, n := range before.routes {
		t.routes[api] -= n
	}
	return t
}

// inFlight counts the attempts that were in flight at a moment and that fit.
func (c *crowd) inFlight(at time.Time, condition func(attempt) bool) int {
	return c.count(func(a attempt) bool { return a.began.Before(at) && a.ended.After(at) && condition(a) })
}

// count counts the attempts that fit.
func (c *crowd) count(condition func(attempt) bool) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, p := range c.parcels {
		for _, a := range p.attempts {
			if condition(a) {
				n++
			}
		}
	}
	return n
}
