// Bench measures what it costs to ask the agent: the HTTP half of `make bench-agent`.
//
//	go run ./agent/bench [path of the agent's binary; bin/agent unless told]
//
// It starts the agent on the loopback address, and beside it, in a process of its own, a bare net/http handler that
// returns the same bytes with the same Content-Type: the least that any answer of a Go program costs. Both get the same
// load from the same client, in turn, and nothing else differs between them:
//
//   - as many requests as 300 keep-alive clients can make, in rounds whose order alternates. The ratio is the median
//     of the rounds' ratios, so that what disturbs the machine for a while disturbs one round. Clients and servers
//     share the machine; the servers' own CPU time per request stands beside it.
//   - the real rate of phase 1: 300 users who ask every 1 to 2 s, 200 requests a second, whether the answers come or
//     not. A latency is counted from the moment when the request was due, so a late one cannot hide those that it delays.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"
)

// plan is how much is measured.
type plan struct {
	clients int
	rounds  int
	round   time.Duration // of each server in a round
	users   time.Duration // of the users' real rate
}

var full = plan{clients: 300, rounds: 7, round: 3 * time.Second, users: 30 * time.Second}

// printf is fmt.Printf outside tests.
type printf func(format string, values ...any)

func show(format string, values ...any) { fmt.Printf(format, values...) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == bareArgument:
		err = serveBare(os.Stdin, os.Stdout)
	case len(os.Args) == 2:
		err = bench(ctx, show, os.Args[1], full)
	default:
		err = bench(ctx, show, "bin/agent", full)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// bench measures, and prints a table and the figures.
func bench(ctx context.Context, say printf, binary string, p plan) (err error) {
	agent, err := startAgent(ctx, binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, agent.stop()) }()
	bare, err := startBare(ctx, agent)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()

	ratio, err := compare(ctx, say, agent, bare, p)
	if err != nil {
		return err
	}
	resident, err := agent.residentMiB()
	if err != nil {
		return err
	}
	p99, err := users(ctx, say, agent, bare, p)
	if err != nil {
		return err
	}
	say("\nfigure agent.http_over_bare %.3f\nfigure agent.p99_ms_200rps %.2f\nfigure agent.rss_mib %.1f\n",
		ratio, p99.Seconds()*1000, resident)
	return nil
}

// compare prints the rounds, and returns the median of their ratios.
func compare(ctx context.Context, say printf, agent, bare *server, p plan) (float64, error) {
	for _, s := range []*server{agent, bare} { // warm
		if _, err := saturate(ctx, s, p.clients, p.round/3); err != nil {
			return 0, err
		}
	}
	say("%d keep-alive clients, as fast as they can\n%5s %18s %18s %7s %28s\n", p.clients,
		"round", "agent, requests/s", "bare, requests/s", "ratio", "CPU per request: agent, bare")
	var ratios []float64
	for round := range p.rounds {
		order := []*server{agent, bare}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		result := map[*server]throughput{}
		for _, s := range order {
			var err error
			if result[s], err = saturate(ctx, s, p.clients, p.round); err != nil {
				return 0, err
			}
		}
		a, b := result[agent], result[bare]
		ratios = append(ratios, a.perSecond/b.perSecond)
		say("%5d %18.0f %18.0f %7.3f %15.1f µs %7.1f µs\n", round+1, a.perSecond, b.perSecond, ratios[round],
			a.cpu.Seconds()*1e6, b.cpu.Seconds()*1e6)
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2], nil
}

// users prints the latencies at the users' real rate, and returns the agent's p99.
func users(ctx context.Context, say printf, agent, bare *server, p plan) (time.Duration, error) {
	say("\n%d users, each every 1 to 2 s\n%7s %10s %9s %9s %9s\n", p.clients, "", "requests", "p50", "p99", "most")
	var p99 time.Duration
	for _, s := range []*server{bare, agent} {
		latencies, err := ask(ctx, s, p.clients, p.users)
		if err != nil {
			return 0, err
		}
		p99 = percentile(latencies, 99)
		say("%7s %10d %6.2f ms %6.2f ms %6.2f ms\n", s.name, len(latencies),
			percentile(latencies, 50).Seconds()*1000, p99.Seconds()*1000, percentile(latencies, 100).Seconds()*1000)
	}
	return p99, nil
}

// percentile is the smallest latency that p percent of them do not exceed. It sorts them.
func percentile(latencies []time.Duration, p int) time.Duration {
	slices.Sort(latencies)
	return latencies[(len(latencies)*p+99)/100-1]
}
