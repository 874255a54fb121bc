// History measures how long the past takes to answer with ten million rows: `make bench-history`.
//
//	go run ./socket/bench/history [-rows 10000000] [-keep DIR]
//
// The rows are those of eight hosts with a sample a second, in the order in which they would have arrived, on a private
// MariaDB; the rollups and the statistics of the routes reach back as far as retention leaves them. Each question is about a time
// and a host of its own, so that none is answered from the one before: one asker first, then four at once, which with
// two questions read at a time wait for each other. A further host has ten samples a second in the last hour.
//
// The figures are the worst of all kinds of question up to a year: 99 % of those are answered sooner. The CPU time of a question, database and
// service together, depends less on what else the machine does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/pulso-lab/pulso/internal/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) (err error) {
	flags := flag.NewFlagSet("history", flag.ExitOnError)
	rows := flags.Int("rows", 10_000_000, "how many `rows` there are")
	kept := flags.String("keep", "", "keep the database in this `folder`, and use what an earlier run has left there")
	_ = flags.Parse(arguments) // it exits
	if *rows < hosts*fullest {
		return fmt.Errorf("%d rows are too few: at least %d", *rows, hosts*fullest)
	}
	dir := *kept
	if dir == "" {
		if dir, err = os.MkdirTemp("", "pulso-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := bench.Describe(bench.Show, dir); err != nil {
		return err
	}
	db, err := startDatabase(ctx, dir, *rows, bench.Show)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.stop()) }()
	return measure(ctx, db, *rows, bench.Show)
}
