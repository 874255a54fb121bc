package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
	"github.com/pulso-lab/pulso/socket/internal/history"
)

const (
	questions = 100 // of each kind
	crowd     = 4   // askers at once
	points    = 2000
	longest   = 365 * 24 * time.Hour // that the figures are about
	fullest   = 2 * 60 * 60          // seconds that the samples must reach back for all kinds
)

// kind is a kind of question: how long a time, which ends within the time that its resolution is kept for.
type kind struct {
	name   string
	length time.Duration
	within time.Duration
	host   string // one of the eight when empty
}

// kinds of questions; the samples reach back for span.
func kinds(span time.Duration) []kind {
	const dayLong = 24 * time.Hour
	return []kind{
		{"5 min", 5 * time.Minute, span, ""},
		{"1 h", time.Hour, span, ""},
		{"1 h of ten a second", time.Hour, time.Hour + time.Minute, burstHost},
		{"24 h", dayLong, minutesKept * time.Minute, ""},
		{"7 d", 7 * dayLong, minutesKept * time.Minute, ""},
		{"14 d", 14 * dayLong, minutesKept * time.Minute, ""},
		{"30 d", 30 * dayLong, hoursKept * time.Hour, ""},
		{"1 y", 365 * dayLong, hoursKept * time.Hour, ""},
		{"2 y", 2 * 365 * dayLong, 2*365*dayLong + time.Hour, ""},
	}
}

// query is the next question of a kind.
func (k kind) query(random *rand.Rand) event.HistoryQuery {
	to := end.Add(-time.Duration(random.Int64N(int64(k.within - k.length)))).Truncate(time.Second)
	host := k.host
	if host == "" {
		host = fmt.Sprintf("vm-%d", random.IntN(hosts))
	}
	return event.HistoryQuery{Host: host, From: sample.NewHora(to.Add(-k.length)), To: sample.NewHora(to), Points: points}
}

// measure prints the tables and the figures.
func measure(ctx context.Context, db *database, rows int, say bench.Printf) error {
	var minutes atomic.Int64
	now := func() time.Time { return end.Add(time.Duration(minutes.Add(1)) * time.Minute) } // no answer is kept
	past := history.New(db.store, slog.New(slog.NewTextHandler(os.Stderr, nil)), now)
	say("\n%-20s %10s %8s %8s %8s   %s\n", "", "resolution", "CPU ms", "p50 ms", "p99 ms", fmt.Sprintf("with %d askers: p50, p99 ms", crowd))
	var alone, crowded time.Duration
	for i, k := range kinds(time.Duration(rows/hosts) * time.Second) {
		one, err := ask(ctx, db, past, k, 1, uint64(i))
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		many, err := ask(ctx, db, past, k, crowd, uint64(i))
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		say("%-20s %10s %8.1f %8.1f %8.1f   %8.1f %8.1f\n", k.name, one.resolution, one.cpu.Seconds()*1000,
			one.ms(50), one.ms(99), many.ms(50), many.ms(99))
		if k.length <= longest {
			alone, crowded = max(alone, bench.Percentile(one.took, 99)), max(crowded, bench.Percentile(many.took, 99))
		}
	}
	exported, err := export(ctx, past)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	say("\nfigure stream.history_ms_p99_10m %.1f\n", alone.Seconds()*1000)
	say("figure stream.history_ms_p99_10m_%d %.1f\n", crowd, crowded.Seconds()*1000)
	say("figure stream.export_rows_per_second %.0f\n", exported)
	return nil
}

// asking is what came of questions of one kind.
type asking struct {
	took       []time.Duration
	cpu        time.Duration // of this process and the database, for one question
	resolution event.Resolution
}

func (a asking) ms(p int) float64 { return bench.Percentile(a.took, p).Seconds() * 1000 }

// ask has the askers ask a number of questions of a kind in all.
func ask(ctx context.Context, db *database, past *history.Service, k kind, askers int, seed uint64) (all asking, err error) {
	before, err := db.cpu()
	if err != nil {
		return all, err
	}
	var mu sync.Mutex
	err = bench.Together(askers, func(asker int) error {
		random := rand.New(rand.NewPCG(seed, uint64(askers*100+asker))) //nolint:gosec // the same questions at every run
		for range questions / askers {
			query := k.query(random)
			began := time.Now()
			answer, failure := past.Answer(ctx, query)
			took := time.Since(began)
			if failure != nil {
				return fmt.Errorf("%s: %s", failure.Code, failure.Message)
			}
			if len(answer.Buckets) == 0 || len(answer.Routes) != routes && answer.Resolution != event.ResolutionSample { // whose seconds reach back a day
				return fmt.Errorf("from %s to %s: %d buckets and %d routes", answer.From, answer.To, len(answer.Buckets), len(answer.Routes))
			}
			mu.Lock()
			all.took = append(all.took, took)
			all.resolution = answer.Resolution
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		return all, err
	}
	after, err := db.cpu()
	all.cpu = (after - before) / time.Duration(len(all.took))
	return all, err
}

// export is how many rows a second a client gets of a host's last two days.
func export(ctx context.Context, past *history.Service) (float64, error) {
	server := httptest.NewServer(past.Export(service.NewToken("")))
	defer server.Close()
	query := url.Values{
		"host": {"vm-0"}, "from": {end.Add(-48 * time.Hour).Format(time.DateTime)}, "to": {end.Format(time.DateTime)},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/?"+query.Encode(), http.NoBody)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	table := csv.NewReader(response.Body)
	table.ReuseRecord = true
	rows := -1 // the header
	for {
		_, err := table.Read()
		if errors.Is(err, io.EOF) {
			return float64(rows) / time.Since(began).Seconds(), nil
		}
		if err != nil {
			return 0, err
		}
		rows++
	}
}
