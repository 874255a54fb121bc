// Command local runs the whole of Pulso on one machine, for `make demo`, `make smoke` and the end-to-end tests:
//
//	local demo     starts everything, runs both phases, prints the result, stays up until Ctrl-C
//	local smoke    the same, headless and short, and exits with 0 only if nothing was lost
//	local up       starts everything on free ports, prints where, stays up until Ctrl-C
//	local api1     starts one function alone, or api2, on the same database; stays up until Ctrl-C
//
// It runs in the root of the checkout, beside the binaries that `make build` made.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/local/internal/observer"
	"github.com/pulso-lab/pulso/local/internal/phase"
	"github.com/pulso-lab/pulso/local/internal/report"
	"github.com/pulso-lab/pulso/local/internal/system"
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
	err := run(ctx, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case err == nil:
	case interrupted && errors.Is(err, context.Canceled):
		fmt.Println("\nstopped")
		os.Exit(130)
	default:
		fmt.Fprintf(os.Stderr, "\npulso: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	var s settings
	flags.StringVar(&s.locust, "locust", "locust", "the Locust program")
	flags.StringVar(&s.dir, "dir", ".pulso", "the folder for the database, the logs and the recording")
	flags.BoolVar(&s.full, "full", false, "demo: 300 users, one more each second, then three minutes with all of them")
	if err := flags.Parse(arguments); err != nil {
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

func (s settings) system(ports system.Ports, interval string) system.Config {
	return system.Config{
		Binaries: filepath.Join(s.root, "bin"), Pages: filepath.Join(s.root, "frontend", "dist"),
		Dir: s.dir, Ports: ports, Interval: interval,
	}
}

func (s settings) locustFor(sys *system.System) phase.Locust {
	return phase.Locust{Command: s.locust, Files: filepath.Join(s.root, "locust"), Logs: sys.Logs()}
}

// plan is the size of a run.
type plan struct {
	enter phase.Entry
	leave phase.Exit
}

func (s settings) plan(sys *system.System, enter phase.Entry, leave phase.Exit) plan {
	recording := filepath.Join(s.dir, "recording.json")
	enter.Agent, enter.Work, enter.Recording = sys.Agent(), sys.Work(), recording
	leave.EntryPoint, leave.Recording, leave.Summary = sys.Entry(), recording, filepath.Join(s.dir, "summary.json")
	return plan{enter, leave}
}

// demo shows the whole system to a person.
func demo(ctx context.Context, s settings) error {
	enter := phase.Entry{Users: 300, SpawnRate: 10, Duration: 75 * time.Second, Records: 2000}
	leave := phase.Exit{Users: 150, SpawnRate: 10}
	if s.full {
		// The brief's protocol: one new user each second, and three minutes once all of them are there.
		enter.SpawnRate, leave.SpawnRate = 1, 1
		enter.Duration = 300*time.Second + 3*time.Minute
	}
	return with(ctx, s.system(system.Documented(), "1s"), func(ctx context.Context, sys *system.System) error {
		fmt.Printf("Pulso is up: open %s\n  logs: %s\n", sys.Page(), sys.Logs())
		if _, err := s.bothPhases(ctx, sys, s.plan(sys, enter, leave)); err != nil {
			return err
		}
		fmt.Printf("\nStill up at %s; Ctrl-C stops everything.\n", sys.Page())
		<-ctx.Done()
		return nil
	})
}

// smoke proves the path in a hurry, on a database of its own and on free ports.
func smoke(ctx context.Context, s settings) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.dir, "smoke-")
	if err != nil {
		return err
	}
	s.dir = dir
	ports, err := system.Free(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, smokeTimeout, fmt.Errorf("it took longer than %s", smokeTimeout))
	defer cancel()
	enter := phase.Entry{Users: 40, SpawnRate: 40, Duration: 8 * time.Second, Records: 300}
	leave := phase.Exit{Users: 50, SpawnRate: 50, FullSpeed: true}
	err = with(ctx, s.system(ports, "250ms"), func(ctx context.Context, sys *system.System) error {
		watching, err := observer.Start(ctx, filepath.Join(s.root, "frontend", "tools", "observe.mjs"), sys.Page())
		if err != nil {
			return err
		}
		err = s.smokeCheck(ctx, sys, watching, s.plan(sys, enter, leave))
		return errors.Join(err, watching.Stop())
	})
	if err != nil {
		return fmt.Errorf("%w\nthe logs are in %s", err, filepath.Join(dir, "logs"))
	}
	fmt.Println("smoke: nothing was lost")
	return os.RemoveAll(dir)
}

func (s settings) smokeCheck(ctx context.Context, sys *system.System, watching *observer.Observer, p plan) error {
	r, err := s.bothPhases(ctx, sys, p)
	if err != nil {
		return err
	}
	if err := r.Check(); err != nil {
		return err
	}
	// In turn, so that only a retry can tip the balance, by one each.
	if tilt := r.Stored["api1"] - r.Stored["api2"]; tilt < -1-r.Sent.Retried || tilt > 1+r.Sent.Retried {
		return fmt.Errorf("the split is not 50/50: %v", r.Stored)
	}
	const patience = 15 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := watching.Await(ctx, r.Sent.AcknowledgedIDs); err != nil {
		return err
	}
	fmt.Printf("  %-14s %d rows, each once\n", "client saw", len(r.Sent.AcknowledgedIDs))
	return nil
}

// up runs the system for a test that does the rest. The line that it prints is for programs.
func up(ctx context.Context, s settings) error {
	ports, err := system.Free(ctx)
	if err != nil {
		return err
	}
	return with(ctx, s.system(ports, "250ms"), func(ctx context.Context, sys *system.System) error {
		where, err := json.Marshal(map[string]string{
			"page": sys.Page(), "agent": sys.Agent(), "work": sys.Work(), "entry": sys.Entry(), "logs": sys.Logs(),
		})
		if err != nil {
			return err
		}
		fmt.Println(string(where))
		<-ctx.Done()
		return nil
	})
}

// function runs one of the two functions alone.
func function(name string) func(context.Context, settings) error {
	return func(ctx context.Context, s settings) error {
		config := s.system(system.Documented(), "")
		config.Only = name
		return with(ctx, config, func(ctx context.Context, sys *system.System) error {
			fmt.Printf("%s is up at %s; its log: %s; Ctrl-C stops it. Try:\n\n"+
				"  curl -i -H 'Content-Type: application/json' --data @docs/sample.json %s/api\n",
				name, sys.API(name), filepath.Join(sys.Logs(), name+".log"), sys.API(name))
			<-ctx.Done()
			return nil
		})
	}
}

// with runs do on a running system and stops the system in every case. A part that dies ends do.
func with(ctx context.Context, config system.Config, do func(context.Context, *system.System) error) error {
	sys, err := system.Start(ctx, config)
	if err != nil {
		return err
	}
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	var result error
	done := make(chan struct{})
	go func() {
		result = do(working, sys)
		close(done)
	}()
	select {
	case <-done:
		err = result
	case err = <-sys.Died():
		cancel()
		<-done // its result is only a consequence
	}
	stopErr := sys.Stop()
	if stopErr != nil && ctx.Err() != nil {
		return stopErr // that it was interrupted is no news
	}
	return errors.Join(err, stopErr)
}

// bothPhases loads and records the VM, replays the recording, and prints the result.
func (s settings) bothPhases(ctx context.Context, sys *system.System, p plan) (report.Report, error) {
	started := time.Now()
	locust := s.locustFor(sys)
	fmt.Printf("\nPhase 1: %d users load and record this machine\n", p.enter.Users)
	display := newProgress(os.Stdout, p.enter.Duration)
	err := locust.Enter(ctx, p.enter, display.show)
	display.end()
	if err != nil {
		return report.Report{}, err
	}
	db, err := store.Open(sys.DSN(), 1)
	if err != nil {
		return report.Report{}, err
	}
	defer func() { _ = db.Close() }()
	before, err := report.Last(ctx, db)
	if err != nil {
		return report.Report{}, err
	}
	fmt.Printf("\nPhase 2: %d users replay the recording into both routes\n", p.leave.Users)
	display = newProgress(os.Stdout, 0)
	sent, err := locust.Leave(ctx, p.leave, display.show)
	display.end()
	if err != nil {
		return report.Report{}, err
	}
	r, err := report.Make(ctx, db, before, sent)
	if err != nil {
		return report.Report{}, err
	}
	r.Took = time.Since(started)
	r.Print(os.Stdout)
	return r, nil
}
