package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/observer"
	"github.com/pulso-lab/pulso/internal/phase"
	"github.com/pulso-lab/pulso/local/internal/system"
)

// demo shows the whole system to a person.
func demo(ctx context.Context, s settings) error {
	enter := phase.Entry{Name: "demo: load", Users: 300, SpawnRate: 10, Duration: 75 * time.Second, Records: 2000}
	leave := phase.Exit{Name: "demo: replay", Users: 150, SpawnRate: 10}
	if s.full {
		// The brief's protocol: one new user each second, and three minutes once all of them are there.
		enter.SpawnRate, leave.SpawnRate = 1, 1
		enter.Duration = 300*time.Second + 3*time.Minute
	}
	return with(ctx, s.system(system.Documented(), "1s"), func(ctx context.Context, sys *system.System) error {
		fmt.Printf("Pulso is up: open %s (it fills in phase 2)\n  logs: %s\n", sys.Page(), sys.Logs())
		p := s.plan(sys, enter, leave)
		r, err := s.bothPhases(ctx, sys, p)
		if err != nil {
			return err
		}
		all, err := p.runs()
		if err != nil {
			return err
		}
		printVerdict(sys, all)
		fmt.Printf("\nStill up at %s; Ctrl-C stops everything.\n", sys.Page())
		<-ctx.Done()
		return r.Check()
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
	enter := phase.Entry{Name: "smoke: load", Users: 40, SpawnRate: 40, Duration: 8 * time.Second, Records: 300}
	leave := phase.Exit{Name: "smoke: replay", Users: 50, SpawnRate: 50, FullSpeed: true}
	err = with(ctx, s.system(ports, "250ms"), func(ctx context.Context, sys *system.System) error {
		watching, err := observer.Start(ctx, filepath.Join(s.root, "frontend", "tools", "observe.mjs"), sys.Page(), "websocket")
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
	if r.Others > 0 {
		return fmt.Errorf("%d rows in the database were never acknowledged", r.Others)
	}
	// In turn, so that only a retry can tip the balance, by one each.
	if tilt := r.Stored["api1"] - r.Stored["api2"]; tilt < -1-r.Sent.Retried || tilt > 1+r.Sent.Retried {
		return fmt.Errorf("the split is not 50/50: %v", r.Stored)
	}
	all, err := p.runs()
	if err != nil {
		return err
	}
	if err := checkRuns(ctx, sys, all); err != nil {
		return err
	}
	fmt.Printf("  %-14s both, as they were handed in\n", "runs stored")
	const patience = 15 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := watching.Await(ctx, r.Sent.AcknowledgedIDs); err != nil {
		return err
	}
	fmt.Printf("  %-14s %d rows, each once\n", "client saw", len(r.Sent.AcknowledgedIDs))
	return nil
}

// up runs the system for a test that does the rest. What it prints and reads is for programs.
func up(ctx context.Context, s settings) error {
	ports, err := system.Free(ctx)
	if err != nil {
		return err
	}
	return with(ctx, s.system(ports, "250ms"), func(ctx context.Context, sys *system.System) error {
		where, err := json.Marshal(map[string]string{
			"page": sys.Page(), "agent": sys.Agent(), "work": sys.Work(), "entry": sys.Entry(), "logs": sys.Logs(), "dsn": sys.DSN(),
		})
		if err != nil {
			return err
		}
		fmt.Println(string(where))
		return obey(ctx, sys, os.Stdin)
	})
}

// obey stays until ctx ends and does meanwhile what the lines of input say, `kill PART` or `restart PART`: it prints each
// as soon as it is done.
func obey(ctx context.Context, sys *system.System, input io.Reader) error {
	lines := make(chan string)
	go func() { // it ends with the program: nothing interrupts a read
		for scanner := bufio.NewScanner(input); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-lines:
			if err := fault(ctx, sys, line); err != nil {
				return err
			}
			fmt.Println(line)
		}
	}
}

func fault(ctx context.Context, sys *system.System, line string) error {
	what, part, _ := strings.Cut(line, " ")
	switch what {
	case "kill":
		return sys.Kill(part)
	case "restart":
		return sys.Restart(ctx, part)
	default:
		return fmt.Errorf("%q: say `kill PART` or `restart PART`", line)
	}
}

// function runs one of the two functions alone.
func function(name string) func(context.Context, settings) error {
	return func(ctx context.Context, s settings) error {
		config := s.system(system.Documented(), "")
		config.Only = []string{name}
		return with(ctx, config, func(ctx context.Context, sys *system.System) error {
			fmt.Printf("%s is up at %s; its log: %s; Ctrl-C stops it. Try:\n\n"+
				"  curl -i -H 'Content-Type: application/json' --data @docs/sample.json %s/api\n",
				name, sys.API(name), filepath.Join(sys.Logs(), name+".log"), sys.API(name))
			<-ctx.Done()
			return nil
		})
	}
}
