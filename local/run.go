package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pulso-lab/pulso/internal/account"
	"github.com/pulso-lab/pulso/internal/phase"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/local/internal/system"
)

func (s settings) system(ports system.Ports, interval string) system.Config {
	return system.Config{
		Binaries: filepath.Join(s.root, "bin"), Pages: filepath.Join(s.root, "frontend", "dist"),
		Dir: s.dir, Ports: ports, Interval: interval,
	}
}

func (s settings) locustFor(sys *system.System) phase.Locust {
	return phase.Locust{Command: s.locust, Files: filepath.Join(s.root, "locust"), Logs: sys.Logs()}
}

// plan is how big both phases are, and where their files lie.
type plan struct {
	enter phase.Entry
	leave phase.Exit

	run, replay string // the files of both runs, which Locust writes beside the recording
}

func (s settings) plan(sys *system.System, enter phase.Entry, leave phase.Exit) plan {
	in := func(name string) string { return filepath.Join(s.dir, name) }
	enter.Agent, enter.Work, enter.Recording = sys.Agent(), sys.Work(), in("recording.json")
	leave.EntryPoint, leave.Recording, leave.Summary = sys.Entry(), enter.Recording, in("summary.json")
	return plan{enter, leave, in("run.json"), in("replay.json")}
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
		<-done
		_ = sys.Stop() // what the others say, and the command's result, are only consequences
		return err
	}
	stopErr := sys.Stop()
	if stopErr != nil && ctx.Err() != nil {
		return stopErr // that it was interrupted is no news
	}
	return errors.Join(err, stopErr)
}

// bothPhases loads and records the VM, replays the recording, and prints the result.
func (s settings) bothPhases(ctx context.Context, sys *system.System, p plan) (account.Account, error) {
	// What an interrupted run leaves must not be of two runs.
	for _, product := range []string{p.leave.Recording, p.leave.Summary, p.run, p.replay} {
		if err := os.Remove(product); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return account.Account{}, err
		}
	}
	started := time.Now()
	locust := s.locustFor(sys)
	fmt.Printf("\nPhase 1: %d users load and record this machine\n", p.enter.Users)
	display := newProgress(os.Stdout, p.enter.Duration)
	err := locust.Enter(ctx, p.enter, display.show)
	display.end()
	if err != nil {
		return account.Account{}, err
	}
	db, err := store.Open(sys.DSN(), 1)
	if err != nil {
		return account.Account{}, err
	}
	defer func() { _ = db.Close() }()
	before, err := account.Last(ctx, db)
	if err != nil {
		return account.Account{}, err
	}
	fmt.Printf("\nPhase 2: %d users replay the recording into both routes\n", p.leave.Users)
	display = newProgress(os.Stdout, 0)
	sent, err := locust.Leave(ctx, p.leave, display.show)
	display.end()
	if err != nil {
		return account.Account{}, err
	}
	r, err := account.Make(ctx, db, before, sent)
	if err != nil {
		return account.Account{}, err
	}
	r.Took = time.Since(started)
	r.Print(os.Stdout)
	return r, nil
}
