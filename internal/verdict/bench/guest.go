package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/phase"
	"github.com/pulso-lab/pulso/internal/qemu"
	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/verdict"
)

const (
	series       = "6.1" // Debian 12's own kernel
	agentPort    = 8080
	readyPort    = 8081
	workloadPort = 8082
	bootTimeout  = 3 * time.Minute
	rampTimeout  = 15 * time.Minute
)

// guest is a real VM whose capacity is known: one CPU, the workload with these settings.
type guest struct {
	name     string
	settings map[string]string
	users    int     // to ask about
	capacity float64 // good answers a second; of a CPU, what it would be if nothing but the work took time
	resource verdict.Resource
}

// guests is eight of them. None is limited by memory: where a page fault is emulated, the CPU that it takes gives out first.
func guests() []guest {
	workers := func(k int, t time.Duration) guest {
		g := guest{
			name:     fmt.Sprintf("%d workers of %s", k, t),
			settings: map[string]string{"PULSO_WORK_CPU": "0s", "PULSO_WORK_MEMORY": "0", "PULSO_WORK_HOLD": t.String(), "PULSO_WORK_QUEUE": "4096", "PULSO_WORK_CONCURRENCY": strconv.Itoa(k)},
			capacity: float64(k) / t.Seconds(), resource: verdict.Application,
		}
		return g.asked(t)
	}
	lock := func(t time.Duration) guest {
		g := guest{
			name:     fmt.Sprintf("a lock of %s", t),
			settings: map[string]string{"PULSO_WORK_CPU": "0s", "PULSO_WORK_MEMORY": "0", "PULSO_WORK_LOCK": t.String(), "PULSO_WORK_QUEUE": "4096"},
			capacity: 1 / t.Seconds(), resource: verdict.Application,
		}
		return g.asked(t)
	}
	cpu := func(t time.Duration) guest {
		g := guest{
			name:     fmt.Sprintf("%s of the CPU", t),
			settings: map[string]string{"PULSO_WORK_CPU": t.String(), "PULSO_WORK_MEMORY": "0", "PULSO_WORK_QUEUE": "4096", "PULSO_WORK_CONCURRENCY": "1"},
			capacity: 1 / t.Seconds(), resource: verdict.CPU,
		}
		return g.asked(t)
	}
	return []guest{
		workers(4, 100*time.Millisecond), workers(2, 50*time.Millisecond), workers(10, 250*time.Millisecond), workers(6, 200*time.Millisecond),
		lock(25 * time.Millisecond), lock(40 * time.Millisecond),
		cpu(160 * time.Millisecond), cpu(200 * time.Millisecond),
	}
}

// asked asks about half as many again as the VM carries, by the interactive response time law: users wait 1.5 s on average.
func (g guest) asked(t time.Duration) guest {
	g.users = int(1.5 * g.capacity * (1.5 + t.Seconds()))
	return g
}

// measureGuests boots the VMs, lets Locust step up the load on each, and judges what it recorded.
func measureGuests(ctx context.Context, say bench.Printf, o options) error {
	folder, err := os.MkdirTemp("", "pulso-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	say("\n%-32s %10s %10s %8s  %-12s %-12s %s\n", "VM in QEMU, loaded by Locust", "capacity/s", "found", "off", "bottleneck", "found", "took")
	var all tally
	var overhead []float64
	for _, g := range guests() {
		if !strings.Contains(g.name, o.only) {
			continue
		}
		began := time.Now()
		r, err := g.run(ctx, folder, o)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		v := verdict.Of(r, r.Protocol.Objective, 0)
		if g.resource == verdict.Application && v.Saturation != nil {
			overhead = append(overhead, v.Bottleneck.CPU/100/v.Saturation.Requests.Value)
		}
		capacity := g.capacity
		if g.resource == verdict.CPU && len(overhead) > 0 {
			capacity = 1 / (1/capacity + bench.Median(overhead))
		}
		all.add(say, g.name, capacity, g.resource, v, time.Since(began).Round(time.Second).String())
	}
	if len(overhead) > 0 {
		say("\nA request takes %.1f ms of the CPU beside its work, its user's look at the agent included: by the utilisation law, of the VMs that end elsewhere.\n", 1000*bench.Median(overhead))
	}
	all.figures(say, "verdict.guest_capacity_error_percent", "verdict.guest_right_resource_of_")
	return nil
}

// run is what Locust recorded of the VM, now or when the runs were kept.
func (g guest) run(ctx context.Context, folder string, o options) (run.Run, error) {
	file := strings.ReplaceAll(g.name, " ", "-") + ".json"
	document, err := os.ReadFile(filepath.Join(o.judge, file))
	if o.judge == "" {
		document, err = g.ramp(ctx, folder)
	}
	if err == nil && o.keep != "" {
		err = os.WriteFile(filepath.Join(o.keep, file), document, 0o600) //nolint:gosec // where the user says
	}
	if err != nil {
		return run.Run{}, err
	}
	return run.Decode(document)
}

// ramp boots the VM and returns the run.json that Locust makes of it.
func (g guest) ramp(ctx context.Context, folder string) ([]byte, error) {
	settings := filepath.Join(folder, "settings")
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(g.settings)) {
		fmt.Fprintf(&lines, "export %s=%s\n", name, g.settings[name])
	}
	if err := os.WriteFile(settings, []byte(lines.String()), 0o600); err != nil {
		return nil, err
	}
	machine, err := qemu.New(ctx, ".", series, folder, map[string]string{
		"main": "internal/verdict/bench/guest.sh", "settings": settings, "agent": "bin/agent", "workload": "bin/workload",
	})
	if err != nil {
		return nil, err
	}
	machine.CPUs, machine.Memory, machine.Forward = 1, 512, map[int]int{}
	at := map[int]string{}
	for _, port := range []int{agentPort, readyPort, workloadPort} {
		free, err := qemu.FreePort(ctx)
		if err != nil {
			return nil, err
		}
		machine.Forward[free] = port
		at[port] = fmt.Sprintf("http://127.0.0.1:%d", free)
	}
	running, stop := context.WithTimeout(ctx, bootTimeout+rampTimeout)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		_, err := machine.Run(running)
		ended <- err
	}()
	if err := awaitReady(running, at[readyPort]+"/ready", ended); err != nil {
		return nil, err
	}
	recording := filepath.Join(folder, "recording.json")
	err = phase.Locust{Command: "bin/locust", Files: "locust", Logs: folder}.Enter(running, phase.Entry{
		Name: g.name, Agent: at[agentPort], Work: at[workloadPort] + "/trabajo", Users: g.users, SpawnRate: 20, Ramp: true, Records: 100, Recording: recording,
	}, func(phase.Progress) {})
	stop()
	if ranInto := <-ended; err != nil { // stop ended it: that alone is no error
		err = errors.Join(err, ranInto)
		return nil, err
	}
	return os.ReadFile(filepath.Join(folder, "run.json"))
}

// awaitReady waits until the guest's programs are ready.
func awaitReady(ctx context.Context, url string, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	client := http.Client{Timeout: 2 * time.Second}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if response, err := client.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			if err := response.Body.Close(); err == nil && response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-ended:
			return errors.Join(errors.New("the guest ended before it was ready"), err)
		case <-ctx.Done():
			return fmt.Errorf("the guest is not ready: %w", ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
