// Agent answers how its VM is: CPU, RAM and processes, sampled on a clock of its own and handed out over HTTP.
//
// It runs unprivileged, beside the load that it measures, so it is built to cost little: one scan per interval,
// whatever the number of clients. docs/contract.md says what it answers.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pulso-lab/pulso/agent/internal/api"
	"github.com/pulso-lab/pulso/agent/internal/procfs"
	"github.com/pulso-lab/pulso/agent/internal/sampler"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
)

func main() { service.Main("agent", run) }

// config is the agent's configuration.
type config struct {
	address  string
	interval time.Duration
	procfs   string // where the VM's procfs is mounted
	host     string // the VM's name, as its samples carry it
}

// readConfig reads the environment; its error names every faulty variable.
func readConfig(env *service.Env) (config, error) {
	hostname, hostnameErr := os.Hostname()
	c := config{
		address:  env.Listen(8080),
		interval: env.Duration("PULSO_INTERVAL", time.Second, 100*time.Millisecond, time.Minute),
		procfs:   env.String("PULSO_PROCFS", "/proc"),
		host:     env.String("PULSO_HOST", hostname),
	}
	switch {
	case c.host == "":
		env.Fault("PULSO_HOST", fmt.Sprintf("is not set and the machine has no name: %v", hostnameErr))
	case len(c.host) > sample.MaxHost || !utf8.ValidString(c.host) || strings.ContainsFunc(c.host, unicode.IsControl):
		env.Fault("PULSO_HOST", fmt.Sprintf("is %.80q: it must be text of at most %d bytes without control characters", c.host, sample.MaxHost))
	}
	return c, env.Err()
}

// run samples and serves until ctx ends. The sampler outlives the last request, so that the drain answers samples
// too.
func run(ctx context.Context, log *slog.Logger, env *service.Env) error {
	c, err := readConfig(env)
	if err != nil {
		return err
	}
	env.Log(log)
	source, err := procfs.New(c.procfs)
	if err != nil {
		return fmt.Errorf("PULSO_PROCFS: %w", err)
	}
	ln, err := service.Listen(ctx, c.address)
	if err != nil {
		return err
	}

	samples := sampler.New(sampler.Config{Source: source, Host: c.host, Interval: c.interval, Wall: time.Now, Log: log})
	sampling, stop := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		samples.Run(sampling)
	}()
	defer func() {
		stop()
		<-stopped
	}()

	ready := service.NewReadiness(func(context.Context) error {
		_, err := samples.Latest()
		return err
	})
	return service.Serve(ctx, ln, api.New(samples, ready, log), log, ready)
}
