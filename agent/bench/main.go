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

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/service"
)

// plan is how much is measured.
type plan struct {
	clients int
	rounds  int
	round   time.Duration // of each server in a round
	users   time.Duration // of the users' real rate
}

var full = plan{clients: 300, rounds: 7, round: 3 * time.Second, users: 30 * time.Second}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == bareArgument:
		err = serveBare(os.Stdin, service.NewLogger(os.Stderr))
	case len(os.Args) == 2:
		err = measure(ctx, bench.Show, os.Args[1], full)
	default:
		err = measure(ctx, bench.Show, "bin/agent", full)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// measure runs the plan, and prints a table and the figures.
func measure(ctx context.Context, say bench.Printf, binary string, p plan) (err error) {
	agent, err := startAgent(ctx, binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, agent.Stop()) }()
	bare, err := startBare(ctx, agent)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.Stop()) }()

	ratio, err := compare(ctx, say, agent, bare, p)
	if err != nil {
		return err
	}
	held, err := bench.Holds(agent.PID())
	if err != nil {
		return err
	}
	p99, err := users(ctx, say, agent, bare, p)
	if err != nil {
		return err
	}
	say("\nfigure agent.http_over_bare %.3f\nfigure agent.p99_ms_200rps %.2f\nfigure agent.rss_mib %.1f\n",
		ratio, p99.Seconds()*1000, float64(held.Most)/(1<<20))
	return nil
}

// compare prints the rounds, and returns the median of their ratios.
func compare(ctx context.Context, say bench.Printf, agent, bare *bench.Process, p plan) (float64, error) {
	for _, s := range []*bench.Process{agent, bare} { // warm
		if _, err := saturate(ctx, s, p.clients, p.round/3); err != nil {
			return 0, err
		}
	}
	say("%d keep-alive clients, as fast as they can\n%5s %18s %18s %7s %28s\n", p.clients,
		"round", "agent, requests/s", "bare, requests/s", "ratio", "CPU per request: agent, bare")
	var ratios []float64
	for round := range p.rounds {
		order := []*bench.Process{agent, bare}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		result := map[*bench.Process]throughput{}
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
	return bench.Median(ratios), nil
}

// users prints the latencies at the users' real rate, and returns the agent's p99.
func users(ctx context.Context, say bench.Printf, agent, bare *bench.Process, p plan) (time.Duration, error) {
	say("\n%d users, each every 1 to 2 s\n%7s %10s %9s %9s %9s\n", p.clients, "", "requests", "p50", "p99", "most")
	var p99 time.Duration
	for _, s := range []*bench.Process{bare, agent} {
		latencies, err := ask(ctx, s, p.clients, p.users)
		if err != nil {
			return 0, err
		}
		p99 = bench.Percentile(latencies, 99)
		say("%7s %10d %6.2f ms %6.2f ms %6.2f ms\n", s.Name, len(latencies),
			bench.Percentile(latencies, 50).Seconds()*1000, p99.Seconds()*1000, bench.Percentile(latencies, 100).Seconds()*1000)
	}
	return p99, nil
}
