package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
)

// runner is a run.
type runner struct {
	plan
	say      bench.Printf
	programs programs
	db       *bench.Database
	turns    int // so far

	lost, duplicates int64 // of ours, in all turns
}

// begin says what a run is on, and gives do a run with a database.
func begin(ctx context.Context, say bench.Printf, p plan, where programs, do func(*runner) error) (err error) {
	db, err := bench.StartDatabase(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Remove()) }()
	if err := bench.Describe(say, db.Dir); err != nil {
		return err
	}
	return do(&runner{plan: p, say: say, programs: where, db: db})
}

// measure prints the table, and the figures of all loads.
func (r *runner) measure(ctx context.Context) error {
	r.say("\n%49s %8s %8s %9s %10s %15s %28s   CPUs used by\n", "", "", "", "p99 from", "CPU a row,", "KiB a client", "")
	r.say("%7s %6s %-8s %11s %9s %8s %8s %9s %10s %7s %7s %10s %6s %8s %8s %6s %8s %9s\n",
		"clients", "rows/s", "", "delivered/s", "events/s", "p50, ms", "p99, ms", "INSERT", "µs", "waiting", "at work",
		"lost", "twice", "dropped", "server", "driver", "database", "elsewhere")
	var figures []string
	for _, s := range r.scenarios {
		some, err := r.compare(ctx, s)
		if err != nil {
			return err
		}
		figures = append(figures, some...)
	}
	r.say("\n")
	for _, figure := range figures {
		r.say("%s\n", figure)
	}
	r.say("figure stream.lost_rows %d\nfigure stream.duplicate_rows %d\n", r.lost, r.duplicates)
	return nil
}

// compare gives every server its turns under one load, prints the medians, and returns the figures.
func (r *runner) compare(ctx context.Context, s scenario) (figures []string, err error) {
	turns := map[string][]measured{}
	for round := range s.rounds {
		for j := range s.servers {
			name := s.servers[(round+j)%len(s.servers)]
			m, err := r.turn(ctx, name, s)
			if err != nil {
				return nil, fmt.Errorf("%s, %d clients, %d rows/s: %w", name, s.clients, s.rate, err)
			}
			turns[name] = append(turns[name], m)
		}
	}
	for _, name := range s.servers {
		r.line(s, name, turns[name])
	}
	if turns[ours] == nil {
		return nil, nil
	}
	return r.figures(s, turns), nil
}

// figures are those of ours under one load, also beside the others'; the load is in their names unless it is the goal's.
func (r *runner) figures(s scenario, turns map[string][]measured) (figures []string) {
	mine := turns[ours]
	for _, m := range mine {
		r.lost += m.lost
		r.duplicates += m.duplicates
	}
	load := fmt.Sprintf("_%d_%d", s.clients, s.rate)
	latency := "commit_to_client_p99_ms" + load
	if s.clients == goal.clients && s.rate == goal.rate {
		load, latency = "", fmt.Sprintf("commit_to_client_p99_ms_%d", s.clients)
	}
	figures = append(figures, fmt.Sprintf("figure stream.%s %.1f", latency, of(mine, p99)),
		fmt.Sprintf("figure stream.rss_per_connection_kib%s %.1f", load, of(mine, kib)))
	for _, other := range s.servers {
		if other == ours {
			continue
		}
		ratios := make([]float64, s.rounds)
		for i := range ratios {
			ratios[i] = mine[i].perRow.Seconds() / turns[other][i].perRow.Seconds()
		}
		r.say("%14s CPU a delivered row, ours/%s %.3f (%.3f–%.3f in %d rounds)\n", "", other,
			bench.Median(ratios), slices.Min(ratios), slices.Max(ratios), s.rounds)
		figures = append(figures, fmt.Sprintf("figure stream.cpu_over_node_%s%s %.3f", other, load, bench.Median(ratios)))
	}
	return figures
}

// line is the medians of a server's turns under one load; what must not be is added up.
func (r *runner) line(s scenario, name string, turns []measured) {
	var lost, duplicates, dropped int64
	for _, m := range turns {
		lost, duplicates, dropped = lost+m.lost, duplicates+m.duplicates, dropped+m.dropped
	}
	r.say("%7d %6.0f %-8s %11.0f %9.2f %8s %8s %9s %10.2f %7.1f %7.1f %10d %6d %8d %8.2f %6.2f %8.2f %9.2f\n", s.clients,
		of(turns, func(m measured) float64 { return m.written }), name, of(turns, func(m measured) float64 { return m.delivered }),
		of(turns, func(m measured) float64 { return m.events }), ms(of(turns, p50)), ms(of(turns, p99)), ms(of(turns, sent99)),
		of(turns, func(m measured) float64 { return m.perRow.Seconds() * 1e6 }),
		of(turns, func(m measured) float64 { return m.waiting / 1024 }), of(turns, kib), lost, duplicates, dropped,
		of(turns, func(m measured) float64 { return m.server }), of(turns, func(m measured) float64 { return m.driver }),
		of(turns, func(m measured) float64 { return m.database }), of(turns, func(m measured) float64 { return m.elsewhere }))
	for _, m := range turns {
		if m.reason != nil {
			r.say("%14s %s: %v\n", "", name, m.reason)
		}
	}
}

// of is the median of what some turns measured.
func of(turns []measured, value func(measured) float64) float64 {
	values := make([]float64, len(turns))
	for i, m := range turns {
		values[i] = value(m)
	}
	return bench.Median(values)
}

func p50(m measured) float64    { return m.p50.Seconds() * 1e3 }
func p99(m measured) float64    { return m.p99.Seconds() * 1e3 }
func sent99(m measured) float64 { return m.sent99.Seconds() * 1e3 }
func kib(m measured) float64    { return m.listening / 1024 }

// ms prints milliseconds. What takes longer than any turn has not come.
func ms(value float64) string {
	if value > float64(time.Hour/time.Millisecond) {
		return "never"
	}
	return fmt.Sprintf("%.1f", value)
}
