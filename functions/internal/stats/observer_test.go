package stats

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// TestAnObserverAgrees: the percentiles of two instances, merged from what both wrote to the database, are within 5 %
// of those that a client outside measures by its own clock, and averaged percentiles would not be.
//
// The histogram's own bound, 4.5 % wherever the latencies lie, is proven in its package. Here is the whole way: receipt
// and commit, seconds, the table, merging. HTTP and a busy machine can only add to what the client measures, so the
// latencies are far above that, and their quantiles lie where the histogram reads 3 % high.
//
// A machine that is too busy even for that gets two more chances.
func TestAnObserverAgrees(t *testing.T) {
	var faults []string
	for range 3 {
		observed, merged, averaged := observe(t)
		faults = nil
		for _, q := range []float64{0.5, 0.95, 0.99} {
			outside := observed[int(math.Ceil(q*float64(len(observed))))-1]
			off := func(estimate time.Duration) float64 { return 100 * (float64(estimate)/float64(outside) - 1) }
			what := fmt.Sprintf("p%v: %s outside, merged %+.1f %%, averaged %+.1f %%", 100*q, outside, off(merged(q)), off(averaged(q)))
			if t.Log(what); math.Abs(off(merged(q))) > 5 || math.Abs(off(averaged(q))) < 10 {
				faults = append(faults, what)
			}
		}
		if len(faults) == 0 {
			return
		}
	}
	t.Error(strings.Join(faults, "\n"))
}

// observe runs two instances under load. It returns what a client measured, in ascending order, and the quantiles as
// the database has them: of the merged instances, and as the mean of both instances' own.
func observe(t *testing.T) (observed []time.Duration, merged, averaged func(q float64) time.Duration) {
	const requests, users = 300, 40 // of each instance
	db := storetest.New(t)
	var mu sync.Mutex
	var load sync.WaitGroup
	var ends []func()
	for i, latencies := range [][]time.Duration{pareto(requests, 140*time.Millisecond, 2.5), pareto(requests, 490*time.Millisecond, 3)} {
		r := New("api1", "direct", fmt.Sprintf("host-%d", i), time.Now)
		_, end := run(r, db)
		ends = append(ends, end)
		server := httptest.NewServer(slow(r, latencies))
		defer server.Close()
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: users}}
		defer client.CloseIdleConnections()
		for user := range users {
			load.Go(func() {
				for n := user; n < requests; n += users {
					took := measure(t, client, server.URL)
					mu.Lock()
					observed = append(observed, took)
					mu.Unlock()
				}
			})
		}
	}
	load.Wait()
	for _, end := range ends {
		end()
	}
	slices.Sort(observed)

	rows := storetest.RouteSeconds(t, db)
	of := make(map[string]*latency.Histogram)
	for _, row := range rows {
		if of[row.Instance] == nil {
			of[row.Instance] = new(latency.Histogram)
		}
		of[row.Instance].Merge(&row.Latency)
	}
	all := sum(rows)
	if all.requests != 2*requests || all.rows != 2*requests || all.latency.Count() != 2*requests || len(of) != 2 || len(rows) < 4 {
		t.Fatalf("%d seconds of %d instances with %d requests are written, %d were sent", len(rows), len(of), all.requests, 2*requests)
	}
	averaged = func(q float64) time.Duration {
		return (of["host-0"].Quantile(q) + of["host-1"].Quantile(q)) / 2
	}
	return observed, all.latency.Quantile, averaged
}

// pareto is n latencies with a heavy tail, none under low nor over 2 s, in random order.
func pareto(n int, low time.Duration, shape float64) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		rest := 1 - (float64(i)+0.5)/float64(n)
		all[i] = min(time.Duration(float64(low)*math.Pow(rest, -1/shape)), 2*time.Second)
	}
	rand.New(rand.NewPCG(7, 8)).Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// slow is an instance whose commits take the given latencies, one after the other.
func slow(r *Recorder, latencies []time.Duration) http.Handler {
	var next atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		received := time.Now()
		time.Sleep(latencies[next.Add(1)-1])
		r.Stored(received, time.Now(), 1)
		w.WriteHeader(http.StatusCreated)
	})
}

func measure(t *testing.T, client *http.Client, url string) time.Duration {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	before := time.Now()
	response, err := client.Do(request)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusCreated {
		t.Errorf("%d %v", response.StatusCode, err)
	}
	return time.Since(before)
}
