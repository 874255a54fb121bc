// Bench measures what the modules save, in instructions, which do not depend on how busy a machine is: QEMU's clock
// counts them (icount), so a benchmark's nanoseconds in the guest are instructions, the kernel's own included.
//
// `make bench-kernel` runs it: at 100, 1000 and 5000 processes, counting them by state through the module, with a lean scan
// of /proc/[pid]/stat, and with prometheus/procfs. `make bench-agent` runs it with -agent: what a sample costs the whole agent.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/pulso-lab/pulso/internal/qemu"
)

const (
	series  = "6.1" // Debian 12's own
	root    = "."
	timeout = 15 * time.Minute
)

func main() {
	agent := flag.Bool("agent", false, "measure the agent's samples instead of the counting of processes")
	flag.Parse()
	if err := run(context.Background(), *agent); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, agent bool) (err error) {
	folder, err := os.MkdirTemp("", "pulso-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if agent {
		return measureAgent(ctx, folder)
	}
	return measureCounts(ctx, folder)
}

// boot runs a script of this folder in a guest with a program of the project's, and returns what it printed.
func boot(ctx context.Context, folder, script, program string) ([]byte, error) {
	machine, err := qemu.New(ctx, root, series, folder, map[string]string{
		"main": filepath.Join("kernel", "bench", script), "program": program,
	})
	if err != nil {
		return nil, err
	}
	machine.CPUs, machine.Memory, machine.Icount = 1, 2048, true

	code, err := machine.Run(ctx)
	if err != nil {
		return nil, err
	}
	console, err := os.ReadFile(machine.Serial)
	if err == nil && code != 0 {
		err = fmt.Errorf("the guest's program ended with %d:\n%s", code, console)
	}
	return console, err
}

// counted is a line of the benchmark's: way, and instructions for one count. The script says how many processes there are.
var counted = regexp.MustCompile(`(?m)^processes (\d+)|^BenchmarkCounts/(\w+)\s+\d+\s+([\d.]+) ns/op`)

// measureCounts prints a table and the ratios.
func measureCounts(ctx context.Context, folder string) error {
	program := filepath.Join(folder, "benchmark")
	if err := qemu.Build(ctx, root, program, "test", "-c", "-tags=guest", "./agent/internal/kernel"); err != nil {
		return err
	}
	console, err := boot(ctx, folder, "counts.sh", program)
	if err != nil {
		return err
	}
	fmt.Printf("Counting processes by state on Linux %s, instructions\n%10s %12s %14s %18s\n", series,
		"processes", "the module", "a scan in Go", "prometheus/procfs")
	var processes string
	cost := map[string]float64{}
	var figures bytes.Buffer
	for _, found := range counted.FindAllSubmatch(console, -1) {
		if len(found[1]) > 0 {
			processes = string(found[1])
			continue
		}
		if cost[string(found[2])], err = strconv.ParseFloat(string(found[3]), 64); err != nil {
			return err
		}
		if string(found[2]) != "library" { // the last of the three
			continue
		}
		fmt.Printf("%10s %12.0f %14.0f %18.0f\n", processes, cost["module"], cost["scan"], cost["library"])
		fmt.Fprintf(&figures, "figure kernel.scan_over_module_n%s %.0f\n", processes, cost["scan"]/cost["module"])
		fmt.Fprintf(&figures, "figure kernel.library_over_module_n%s %.0f\n", processes, cost["library"]/cost["module"])
		fmt.Fprintf(&figures, "figure kernel.module_instructions_n%s %.0f\n", processes, cost["module"])
	}
	if figures.Len() == 0 {
		return fmt.Errorf("the guest measured nothing:\n%s", console)
	}
	fmt.Printf("\n%s", figures.Bytes())
	return nil
}

// sampled is what the script found: CPU time in ns, which is instructions here, and samples taken meanwhile.
var sampled = regexp.MustCompile(`(?m)^instructions (\d+) samples (\d+) processes (\d+)`)

// measureAgent prints what a sample costs the whole agent, its part of the kernel's work included.
func measureAgent(ctx context.Context, folder string) error {
	program := filepath.Join(folder, "agent")
	if err := qemu.Build(ctx, root, program, "build", "-trimpath", "./agent"); err != nil {
		return err
	}
	console, err := boot(ctx, folder, "agent.sh", program)
	if err != nil {
		return err
	}
	found := sampled.FindSubmatch(console)
	if found == nil {
		return fmt.Errorf("the guest measured nothing:\n%s", console)
	}
	instructions, err := strconv.ParseFloat(string(found[1]), 64)
	samples, err2 := strconv.ParseFloat(string(found[2]), 64)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	fmt.Printf("The agent on Linux %s with the modules and %s processes: %.0f instructions a sample, over %.0f samples\n\n",
		series, found[3], instructions/samples, samples)
	fmt.Printf("figure agent.instructions_per_sample %.0f\n", instructions/samples)
	return nil
}
