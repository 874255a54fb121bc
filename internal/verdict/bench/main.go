// Bench holds the verdict against what is true: `make bench-verdict`.
//
// Ten simulated VMs (internal/verdict/simulated), limited by workers, CPUs, a lock or memory, are ramped up, each from its own
// seed, and their runs are judged.
//
// Then eight VMs are booted in QEMU, whose capacity is known by construction as well: a real kernel with Pulso's modules, the
// agent, and the workload with so many workers, a lock, or so much CPU time for each request. Locust steps up the load on
// each, as anybody would, and the run that it records is judged: the whole chain. That takes 25 minutes.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/verdict"
	"github.com/pulso-lab/pulso/internal/verdict/simulated"
)

const hold = 15 * time.Second // of each step that is simulated

// options are for who works on the method: 25 minutes are long.
type options struct{ only, keep, judge string }

func main() {
	var o options
	flag.StringVar(&o.only, "only", "", "boot only the VMs whose names contain this")
	flag.StringVar(&o.keep, "keep", "", "leave the runs of those VMs in this folder")
	flag.StringVar(&o.judge, "judge", "", "boot none, and judge the runs that were left in this folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	measureSimulated(bench.Show)
	err := measureGuests(ctx, bench.Show, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measureSimulated judges the simulated runs.
func measureSimulated(say bench.Printf) {
	say("%-32s %10s %10s %8s  %-12s %-12s\n", "simulated VM", "capacity/s", "found", "off", "bottleneck", "found")
	var all tally
	for i, c := range simulated.Known() {
		r := simulated.Run(c.VM, simulated.Load{Seed: uint64(i), Users: c.Users, Ramp: true, Hold: hold})
		all.add(say, c.Name, c.Capacity, c.Resource, verdict.Of(r, run.DefaultObjective, 0), "")
	}
	all.figures(say, "verdict.capacity_error_percent", "verdict.right_resource_of_")
}

// tally is how far off the verdicts are.
type tally struct {
	runs, right int
	worst       float64 // percent of the capacity
}

// add holds one verdict against the truth. A saturation that was not found is off by everything.
func (t *tally) add(say bench.Printf, name string, capacity float64, resource verdict.Resource, v verdict.Verdict, remark string) {
	found := 0.0
	if v.Saturation != nil {
		found = v.Saturation.Requests.Value
	}
	off := 100 * (found/capacity - 1)
	t.runs++
	t.worst = max(t.worst, math.Abs(off))
	if v.Bottleneck.Resource == resource {
		t.right++
	}
	say("%-32s %10.1f %10.1f %+7.1f%%  %-12s %-12s %s\n", name, capacity, found, off, resource, v.Bottleneck.Resource, remark)
	if found == 0 {
		say("    %s\n", v.Sentence.EN)
	}
}

func (t *tally) figures(say bench.Printf, capacity, resource string) {
	say("\nfigure %s %.1f\nfigure %s%d %d\n", capacity, t.worst, resource, t.runs, t.right)
}
