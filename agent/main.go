// Agent answers how its VM is: CPU, RAM and processes, sampled on a clock of its own and handed out over HTTP.
//
// It runs unprivileged, beside the load that it measures, so it is built to cost little: one reading per interval,
// whatever the number of clients, of Pulso's kernel modules where they are loaded and of procfs elsewhere.
// docs/contract.md says what it answers.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/pulso-lab/pulso/agent/internal/api"
	"github.com/pulso-lab/pulso/agent/internal/kernel"
	"github.com/pulso-lab/pulso/agent/internal/procfs"
	"github.com/pulso-lab/pulso/agent/internal/sampler"
	"github.com/pulso-lab/pulso/agent/internal/source"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/service"
)

func main() { service.Main("agent", run) }

// config is the agent's configuration.
type config struct {
	address  string
	interval time.Duration
	procfs   *procfs.Source // the VM's procfs; nil when it is not there
	modules  kernel.Paths
	host     string // the VM's name, as its samples carry it
	machine  string // its machine type; empty where nobody said it
}

var machineType = regexp.MustCompile(`^[a-z0-9-]{0,64}$`)

// readConfig reads the environment; its error names every faulty variable.
func readConfig(env *service.Env) (config, error) {
	hostname, hostnameErr := os.Hostname()
	root := env.String("PULSO_PROCFS", "/proc")
	under := func(variable, name string) string { // a path that is relative lies under root
		path := env.String(variable, name)
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(root, path)
	}
	c := config{
		address:  env.Listen(8080),
		interval: env.Duration("PULSO_INTERVAL", time.Second, 100*time.Millisecond, time.Minute),
		modules: kernel.Paths{
			CPU:   under("PULSO_PROC_CPU", "pulso_cpu"),
			RAM:   under("PULSO_PROC_RAM", "pulso_ram"),
			Procs: under("PULSO_PROC_PROCS", "pulso_procs"),
			Table: under("PULSO_PROC_TABLE", "pulso_proctable"),
		},
		host:    env.String("PULSO_HOST", hostname),
		machine: env.String("PULSO_MACHINE", ""),
	}
	var err error
	if c.procfs, err = procfs.New(root); err != nil {
		env.Fault("PULSO_PROCFS", fmt.Sprintf("is %.80q: it must be where a procfs is mounted: %v", root, err))
	}
	if c.host == "" {
		env.Fault("PULSO_HOST", fmt.Sprintf("is not set and the machine has no name: %v", hostnameErr))
	} else if err := sample.CheckHost(c.host); err != nil {
		env.Fault("PULSO_HOST", fmt.Sprintf("is %.80q: it %v", c.host, err))
	}
	if !machineType.MatchString(c.machine) {
		env.Fault("PULSO_MACHINE", fmt.Sprintf("is %.80q: it must be a machine type, at most 64 of a-z, 0-9 and -", c.machine))
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
	ln, err := service.Listen(ctx, c.address)
	if err != nil {
		return err
	}

	vm := c.procfs.VM()
	vm.Host, vm.Machine = c.host, c.machine
	modules := kernel.New(c.modules)
	defer modules.Close()
	samples := sampler.New(sampler.Config{
		Source: source.New(modules, c.procfs, log), Host: c.host, Interval: c.interval, Wall: time.Now, Log: log,
	})
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
	return service.Serve(ctx, ln, api.New(samples, vm, ready), log, ready)
}
