// Bench holds the verdict against what is true: `make bench-verdict`.
//
// Ten simulated VMs, whose capacity and bottleneck are known by construction (internal/verdict/simulated), are ramped up,
// each from its own seed, and their runs are judged.
package main

import (
	"fmt"
	"math"
	"os"
	"time"

	"github.com/pulso-lab/pulso/internal/bench"
	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/verdict"
	"github.com/pulso-lab/pulso/internal/verdict/simulated"
)

const hold = 15 * time.Second // of each step

func main() {
	if err := measure(bench.Show); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure judges the simulated runs and prints how far off the verdicts are.
func measure(say bench.Printf) error {
	cases := simulated.Known()
	say("%-32s %10s %10s %8s  %-12s %-12s\n", "simulated VM", "capacity/s", "found", "off", "bottleneck", "found")
	worst, right := 0.0, 0
	for i, c := range cases {
		v := verdict.Of(simulated.Run(c.VM, simulated.Load{Seed: uint64(i), Users: c.Users, Ramp: true, Hold: hold}), run.DefaultObjective, 0)
		if v.Saturation == nil {
			return fmt.Errorf("%s: no saturation was found: %s", c.Name, v.Sentence.EN)
		}
		off := 100 * (v.Saturation.Requests.Value/c.Capacity - 1)
		worst = max(worst, math.Abs(off))
		if v.Bottleneck.Resource == c.Resource {
			right++
		}
		say("%-32s %10.1f %10.1f %+7.1f%%  %-12s %-12s\n", c.Name, c.Capacity, v.Saturation.Requests.Value, off, c.Resource, v.Bottleneck.Resource)
	}
	say("\nfigure verdict.capacity_error_percent %.1f\nfigure verdict.right_resource_of_%d %d\n", worst, len(cases), right)
	return nil
}
