// Bench measures the two routes of the ingest side by side: `make bench-ingest`.
//
//	go run ./functions/bench [-only store|http|framework|keys] [-functions bin/functions]
//	go run ./functions/bench -profile DIR
//
// All contenders of a run store their rows in the same table of one private MariaDB, which writes its log to the disk at
// every commit (the server is asked), and have the same load from the same client, in turn. A round is one turn of each,
// and begins with another one each time. The ratios are medians of the rounds' ratios, so that what disturbs the
// machine for a while disturbs one round. After every turn the table must hold exactly the rows that were acknowledged.
//
//   - store: the writers alone, without HTTP, beside LOAD DATA LOCAL INFILE, the fastest that the server has.
//   - http: the functions as they are run, over keep-alive connections, beside a sketch of the batch idea on bare
//     net/http. Clients, functions and database share the machine; the CPU time per row of function and database
//     stands beside the rate.
//   - framework: the batch route's handler under functions-framework-go, without it, and on bare net/http, where the
//     deadlines of a connection are missing, too.
//   - keys: what an Idempotency-Key on every request costs.
//
// With -profile it leaves a CPU profile of the batch route's handler, on bare net/http, in DIR/batch.pprof.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/service"
)

// goal is the number of writers that the figures are about: the users of phase 2.
const goal = 150

// connections that the database must allow: those of all servers, and some of our own.
const connections = directPool + 3*batchPool + 10

// plan is how much is measured.
type plan struct {
	writers []int
	rounds  int           // at goal
	fewer   int           // rounds at another number of writers
	turn    time.Duration // of a contender in a round
}

var full = plan{writers: []int{1, 16, 64, goal, 256}, rounds: 5, fewer: 3, turn: 2500 * time.Millisecond}

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
	if len(arguments) > 0 {
		log, dsn := service.NewLogger(os.Stderr), os.Getenv("PULSO_DB_DSN")
		switch arguments[0] {
		case sketchArgument:
			return serveSketch(ctx, log, dsn)
		case servedArgument:
			return serveWithoutFramework(ctx, log, dsn)
		case bareArgument:
			return serveBare(ctx, log, dsn, strings.Join(arguments[1:], ""))
		}
	}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	only := flags.String("only", "", "measure one `part`: store, http, framework or keys")
	binary := flags.String("functions", "bin/functions", "the functions' `binary`")
	profile := flags.String("profile", "", "measure nothing, and leave a CPU profile of the batch route in this `folder`")
	_ = flags.Parse(arguments) // it exits
	return begin(ctx, bench.Show, full, *binary, func(b *runner) error {
		if *profile != "" {
			return b.leaveProfile(ctx, *profile)
		}
		return b.measure(ctx, *only)
	})
}

// runner is a run.
type runner struct {
	plan
	say     bench.Printf
	db      *database
	binary  string // of the functions
	servers *servers
	started []*bench.Process
}

// begin says what a run is on, and gives do a run with a database.
func begin(ctx context.Context, say bench.Printf, p plan, binary string, do func(*runner) error) (err error) {
	db, err := startDatabase(ctx)
	if err != nil {
		return err
	}
	b := &runner{plan: p, say: say, db: db, binary: binary}
	defer func() {
		stopped := bench.Together(len(b.started), func(i int) error { return b.started[i].Stop() })
		err = errors.Join(err, stopped, db.stop())
	}()
	if err := bench.Describe(say, db.Dir); err != nil {
		return err
	}
	return do(b)
}

// parts are the tables.
var parts = []struct {
	name    string
	measure func(b *runner, ctx context.Context) error
}{
	{"store", (*runner).store}, {"http", (*runner).http}, {"framework", (*runner).framework}, {"keys", (*runner).keys},
}

// measure prints the tables, or one of them.
func (b *runner) measure(ctx context.Context, only string) error {
	measured := false
	for _, part := range parts {
		if only != "" && only != part.name {
			continue
		}
		if err := part.measure(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		measured = true
	}
	if !measured {
		return fmt.Errorf("there is no part %q", only)
	}
	return nil
}
