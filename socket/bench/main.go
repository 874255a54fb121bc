// Bench measures the live stream beside two Node.js servers that send the same rows: `make bench-stream`.
//
//	go run ./socket/bench [-only ours,single,batched] [-clients 100,1000] [-rates 60,500] [-seconds 12] [-rounds 1]
//	go run ./socket/bench -soak 10m
//
// The servers are the socket service as it is run (ours), and socket/bench/node with one event a row, as everybody writes
// it (single), and with one event a look as ours sends it (batched). A turn is one server on an empty table of one
// private MariaDB: clients connect over WebSocket and get their snapshot, then rows are stored at a steady rate, one
// INSERT each on several connections, as the routes do. A round is one turn of each server and begins with another one
// each time. The ratios are medians of the rounds' ratios, so that what disturbs the machine for a while disturbs one round.
//
//   - delivered rows: those that came within the measured time, of all clients together.
//   - lost: a row that a client did not have drainTime after the last commit, whether it would have come later or
//     never; it counts for every client that misses it. A duplicate is one that came again.
//   - latency from commit to client: to the moment when the client has read the whole message, from the moment when
//     the writer had the database's answer. The commit itself lies a little before that, and after the moment when the
//     INSERT was sent, from which the latency is given, too: an upper bound. A row that a client never had counts as
//     later than all others.
//   - CPU per delivered row is the server process's own, user and system.
//   - memory per connection is what the server holds at the end of the measured time beyond what it held before the
//     first client, divided by the clients.
//
// The clients share the machine with the servers, so the CPU time of both, and of the database, stands beside the rates.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
)

// plan is how much is measured.
type plan struct {
	scenarios []scenario
	warm      time.Duration // before a turn is measured
	measured  time.Duration // of a turn
}

// scenario is one load, and who carries it.
type scenario struct {
	clients, rate int // rate in rows per second
	rounds        int
	servers       []string
}

// goal is the load that the figures without a load in their name are about.
var goal = scenario{clients: 1000, rate: 60, rounds: 3, servers: all}

var all = []string{ours, single, batched}

var full = plan{
	scenarios: []scenario{
		{100, 60, 2, all}, {100, 500, 2, all}, goal, {1000, 500, 2, all}, {5000, 60, 2, []string{ours, batched}},
	},
	warm: 3 * time.Second, measured: 12 * time.Second,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	binary := flags.String("socket", "bin/socket", "the socket service's `binary`")
	node := flags.String("node", "socket/bench/node", "the `folder` of the Node.js servers")
	only := flags.String("only", strings.Join(all, ","), "`servers` that are measured")
	clients := flags.String("clients", "", "`numbers` of clients, instead of all loads")
	rates := flags.String("rates", "60", "rows per second, with -clients")
	rounds := flags.Int("rounds", 1, "with -clients")
	seconds := flags.Int("seconds", int(full.measured/time.Second), "that a turn is measured")
	soak := flags.Duration("soak", 0, "measure nothing else, and cut clients for so `long`")
	_ = flags.Parse(arguments) // it exits

	p := full
	p.measured = time.Duration(*seconds) * time.Second
	if *clients != "" {
		var err error
		if p.scenarios, err = loads(*clients, *rates, *rounds); err != nil {
			return err
		}
	}
	for i := range p.scenarios {
		s := &p.scenarios[i]
		s.servers = slices.DeleteFunc(slices.Clone(s.servers), func(name string) bool {
			return !slices.Contains(strings.Split(*only, ","), name)
		})
	}
	return begin(ctx, bench.Show, p, programs{*binary, *node}, func(r *runner) error {
		if *soak > 0 {
			return r.soak(ctx, *soak, fullSoak)
		}
		return r.measure(ctx)
	})
}

// loads are all servers at every number of clients and every rate.
func loads(clients, rates string, rounds int) ([]scenario, error) {
	var some []scenario
	for _, c := range strings.Split(clients, ",") {
		for _, r := range strings.Split(rates, ",") {
			n, err := strconv.Atoi(c)
			if err != nil {
				return nil, fmt.Errorf("-clients: %w", err)
			}
			rate, err := strconv.Atoi(r)
			if err != nil {
				return nil, fmt.Errorf("-rates: %w", err)
			}
			some = append(some, scenario{n, rate, rounds, all})
		}
	}
	return some, nil
}
