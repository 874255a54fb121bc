// Command local runs the whole of Pulso on one machine, for `make demo`, `make smoke` and the end-to-end tests:
//
//	local demo     starts everything, runs both phases, prints the result, stays up until Ctrl-C
//	local smoke    the same, headless and short, and exits with 0 only if nothing was lost
//	local up       starts everything on free ports, prints where, kills and restarts parts as its input says, stays up until Ctrl-C
//	local api1     starts one function alone, or api2, on the same database; stays up until Ctrl-C
//
// It runs in the root of the checkout, beside the binaries that `make build` made.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// smokeTimeout bounds a smoke test in which a part never recovers; it takes some fifteen seconds.
const smokeTimeout = 3 * time.Minute

// settings are what the command line says.
type settings struct {
	root   string // of the checkout
	dir    string // for the database, the logs and the recording
	locust string // the program
	full   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// A second Ctrl-C ends us at once, and the parts with us.
	context.AfterFunc(ctx, stop)
	err := dispatch(ctx, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case err == nil && interrupted:
		fmt.Println("\nstopped")
	case err == nil:
	case interrupted && errors.Is(err, context.Canceled):
		fmt.Println("\nstopped")
		os.Exit(130)
	default:
		fmt.Fprintf(os.Stderr, "\npulso: %v\n", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	var s settings
	flags.StringVar(&s.locust, "locust", "bin/locust", "the Locust program")
	flags.StringVar(&s.dir, "dir", ".pulso", "the folder for the database, the logs and the recording")
	flags.BoolVar(&s.full, "full", false, "demo: 300 users, one more each second, then three minutes with all of them")
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), "usage: local [flags] demo|smoke|up|api1|api2\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(arguments); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	var err error
	if s.root, err = os.Getwd(); err != nil {
		return err
	}
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return err
	}
	commands := map[string]func(context.Context, settings) error{"demo": demo, "smoke": smoke, "up": up, "api1": function("api1"), "api2": function("api2")}
	command, ok := commands[flags.Arg(0)]
	if !ok || flags.NArg() != 1 {
		return errors.New("say one of: demo, smoke, up, api1, api2")
	}
	return command(ctx, s)
}
