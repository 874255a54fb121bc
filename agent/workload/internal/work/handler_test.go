package work

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func serve(t *testing.T, cost Cost, places, queue int) (*Handler, *httptest.Server) {
	t.Helper()
	handler := NewHandler(cost, places, queue, slog.New(slog.NewJSONHandler(t.Output(), nil)))
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return handler, server
}

// ask sends one request, which ends with ctx.
func ask(ctx context.Context, server *httptest.Server) (status int, header http.Header, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/trabajo", nil)
	if err != nil {
		return 0, nil, "", err
	}
	response, err := server.Client().Do(request)
	if err != nil {
		return 0, nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(text), err
}

func TestAnswer(t *testing.T) {
	for cost, want := range map[Cost]string{
		{CPU: 4 * time.Millisecond, Memory: 1}:                                         `{"cpu_ms":4,"memoria_mib":1}`,
		{CPU: 1500 * time.Microsecond, Hold: time.Millisecond, Lock: time.Millisecond}: `{"cpu_ms":1.5,"memoria_mib":0}`,
	} {
		_, server := serve(t, cost, 1, 0)
		status, header, body, err := ask(t.Context(), server)
		if err != nil || status != 200 || strings.TrimSpace(body) != want || header.Get("Content-Type") != "application/json" {
			t.Errorf("%+v: %d %s %v, want %s", cost, status, body, err, want)
		}
	}
}

// A full house refuses at once; a client that goes leaves its place, and its place in the queue, whatever it is doing there.
func TestPlaces(t *testing.T) {
	const places = 3
	for name, c := range map[string]struct {
		cost    Cost
		queue   int
		message string
	}{
		"who works":         {Cost{CPU: time.Hour}, 0, "all 3 places are taken"},
		"who holds":         {Cost{Hold: time.Hour}, 0, "all 3 places are taken"},
		"who locks":         {Cost{Lock: time.Hour}, 0, "all 3 places are taken"},
		"who waits as well": {Cost{Lock: time.Hour}, 2, "all 3 places are taken, and 2 requests wait for one"},
	} {
		t.Run(name, func(t *testing.T) {
			handler, server := serve(t, c.cost, places, c.queue)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			gone := make(chan error, places+c.queue)
			for range places + c.queue {
				go func() {
					_, _, _, err := ask(ctx, server)
					gone <- err
				}()
			}
			await(t, "all places are taken", func() bool { return len(handler.places) == 0 && len(handler.queue) == c.queue })

			status, header, body, err := ask(t.Context(), server)
			if err != nil {
				t.Fatal(err)
			}
			var refusal map[string]string
			if err := json.Unmarshal([]byte(body), &refusal); err != nil {
				t.Fatal(err)
			}
			if status != 503 || refusal["error"] != "saturado" || refusal["mensaje"] != c.message || header.Get("Retry-After") != "1" {
				t.Errorf("%d %s, Retry-After %q", status, body, header.Get("Retry-After"))
			}

			leave()
			for range places + c.queue {
				if err := <-gone; err == nil {
					t.Error("a request of an hour was answered")
				}
			}
			await(t, "the places are free", func() bool { return len(handler.places) == places && len(handler.queue) == 0 })
			if len(handler.work.lock) == 0 {
				t.Error("somebody who has gone holds the lock")
			}
		})
	}
}

// One who leaves the queue makes room for another, and who stays is served.
func TestLeavingTheQueue(t *testing.T) {
	handler, server := serve(t, Cost{}, 1, 1)
	if _, err := handler.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	left := make(chan error, 1)
	go func() {
		_, _, _, err := ask(ctx, server)
		left <- err
	}()
	await(t, "it waits", func() bool { return len(handler.queue) == 1 })
	leave()
	if err := <-left; err == nil {
		t.Error("it was answered")
	}
	await(t, "it has left", func() bool { return len(handler.queue) == 0 })

	stays := make(chan int, 1)
	go func() {
		status, _, _, _ := ask(t.Context(), server)
		stays <- status
	}()
	await(t, "the next one waits", func() bool { return len(handler.queue) == 1 })
	handler.places.give(time.Now())
	if status := <-stays; status != 200 {
		t.Errorf("who waited for its place was answered %d", status)
	}
}

// On a clock of its own, where nothing but waiting takes time, a closed crowd gets exactly what places and times allow, each
// user as much as the next, in the order in which they came.
func TestCapacity(t *testing.T) {
	const (
		users = 50
		long  = time.Minute
	)
	for name, c := range map[string]struct {
		cost          Cost
		places, queue int
		want          int // answers a minute
	}{
		"places":             {Cost{Hold: 40 * time.Millisecond}, 2, users, 3000},
		"more places":        {Cost{Hold: 100 * time.Millisecond}, 10, users, 6000},
		"lock":               {Cost{Lock: 25 * time.Millisecond}, users, 0, 2400},
		"lock behind places": {Cost{Hold: 10 * time.Millisecond, Lock: 30 * time.Millisecond}, 20, users, 2000},
		"places and lock":    {Cost{Hold: 75 * time.Millisecond, Lock: 25 * time.Millisecond}, 2, users, 1200},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler := NewHandler(c.cost, c.places, c.queue, slog.New(slog.NewJSONHandler(t.Output(), nil)))
				ctx, stop := context.WithTimeout(t.Context(), long+time.Millisecond)
				defer stop()
				var crowd sync.WaitGroup
				served := make([]int, users)
				for user := range users {
					crowd.Go(func() {
						for {
							answer := httptest.NewRecorder()
							handler.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/trabajo", nil))
							if ctx.Err() != nil {
								return
							}
							if answer.Code != http.StatusOK {
								t.Errorf("answered %d", answer.Code)
								return
							}
							served[user]++
						}
					})
				}
				crowd.Wait()
				total := 0
				for _, n := range served {
					total += n
				}
				// The first answers of a pipeline come later than the others.
				if lost := c.want - total; lost < 0 || lost > 2 {
					t.Errorf("%d answers in %s, want %d", total, long, c.want)
				}
				if least, most := slices.Min(served), slices.Max(served); most-least > 1 {
					t.Errorf("some were served %d times and some %d times", least, most)
				}
			})
		})
	}
}

// The same over HTTP on this machine's clock. It can never carry more; how much less depends on what else runs here.
func TestCapacityOverHTTP(t *testing.T) {
	const (
		users = 12
		long  = time.Second
	)
	for name, c := range map[string]struct {
		cost   Cost
		places int
		atMost int // answers in that time, those included whose request began before
	}{
		"places": {Cost{Hold: 20 * time.Millisecond}, 2, 2*50 + 2},
		"lock":   {Cost{Lock: 20 * time.Millisecond}, 12, 50 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, server := serve(t, c.cost, c.places, users)
			ctx, stop := context.WithTimeout(t.Context(), long)
			defer stop()
			var crowd sync.WaitGroup
			var answered atomic.Int64
			for range users {
				crowd.Go(func() {
					for {
						status, _, _, err := ask(ctx, server)
						if ctx.Err() != nil {
							return
						}
						if err != nil || status != http.StatusOK {
							t.Errorf("%d %v", status, err)
							return
						}
						answered.Add(1)
					}
				})
			}
			crowd.Wait()
			if n := int(answered.Load()); n > c.atMost || n < c.atMost/2 {
				t.Errorf("%d answers in %s, want %d at the most", n, long, c.atMost)
			}
		})
	}
}

func TestNoMemoryForARequest(t *testing.T) {
	_, server := serve(t, Cost{Memory: 1 << 34}, 1, 0)
	status, _, body, err := ask(t.Context(), server)
	if err != nil || status != 500 || !strings.Contains(body, `"error":"interno"`) {
		t.Errorf("%d %s %v", status, body, err)
	}
}
