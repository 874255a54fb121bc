package verdict_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/verdict"
	"github.com/pulso-lab/pulso/internal/verdict/simulated"
)

const (
	ms   = time.Millisecond
	hold = 15 * time.Second
)

func judge(r run.Run) verdict.Verdict { return verdict.Of(r, r.Protocol.Objective, 0) }

func TestKnownCapacitiesAreFound(t *testing.T) {
	for i, c := range simulated.Known() {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s, seed %d", c.Name, seed), func(t *testing.T) {
				v := judge(simulated.Run(c.VM, simulated.Load{Seed: 10*seed + uint64(i), Users: c.Users, Ramp: true, Hold: hold}))
				if v.Saturation == nil {
					t.Fatalf("no saturation was found: %s", v.Sentence.EN)
				}
				found := v.Saturation.Requests
				if off := math.Abs(found.Value/c.Capacity - 1); off > 0.1 {
					t.Errorf("the capacity is %.1f/s and was found as %.1f", c.Capacity, found.Value)
				}
				if v.Bottleneck.Resource != c.Resource {
					t.Errorf("the bottleneck is %s and was found as %s", c.Resource, v.Bottleneck.Resource)
				}
				knee := c.Capacity * (1.5 + 0.001 + (c.VM.CPU + c.VM.Hold + c.VM.Lock).Seconds()) // by the interactive response time law
				if off := math.Abs(v.Saturation.Users.Value/knee - 1); off > 0.1 {
					t.Errorf("the knee is at %.0f users and was found at %.0f", knee, v.Saturation.Users.Value)
				}
				if v.Law == nil || !v.Law.Applies || math.Abs(v.Law.Most.Value/c.Capacity-1) > 0.2 {
					t.Errorf("the law is %+v", v.Law)
				}
			})
		}
	}
}

// Beneath 70 % of its capacity, no VM is called saturated.
func TestHeadroomIsNoSaturation(t *testing.T) {
	for i, c := range simulated.Known() {
		t.Run(c.Name, func(t *testing.T) {
			knee := c.Capacity * (1.5 + (c.VM.CPU + c.VM.Hold + c.VM.Lock).Seconds())
			users := int(0.4 * knee)
			v := judge(simulated.Run(c.VM, simulated.Load{Seed: uint64(i), Users: users, Ramp: true, Most: int(0.71 * knee), Hold: hold}))
			if v.Saturation != nil {
				t.Errorf("it saturates at %.0f users, it is said, and does at %.0f", v.Saturation.Users.Value, knee)
			}
			if v.Answer != verdict.Yes {
				t.Errorf("well within its capacity: %s", v.Sentence.EN)
			}
			if v.Confidence == verdict.High {
				t.Error("without having seen an end, the confidence is high")
			}
			if !missing(v, "no saturation was seen") {
				t.Errorf("what is missing is not said: %v", v.Missing)
			}
		})
	}
}

func TestAShortRunCannotSay(t *testing.T) {
	vm := simulated.VM{CPUs: 2, CPU: 10 * ms}
	for name, load := range map[string]simulated.Load{
		"steps":  {Users: 100, Ramp: true, Hold: 6 * time.Second},
		"at one": {Users: 100, Hold: 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			v := judge(simulated.Run(vm, load))
			if v.Answer != verdict.Unknown || v.Saturation != nil || v.Confidence != verdict.Low {
				t.Errorf("of steps of six seconds it says: %s", v.Sentence.EN)
			}
			if !strings.HasPrefix(v.Sentence.EN, "Cannot say") || !strings.HasPrefix(v.Sentence.ES, "No se puede decir") || !missing(v, "hold that load longer") {
				t.Errorf("it says %q, %q, and misses %v", v.Sentence.EN, v.Sentence.ES, v.Missing)
			}
		})
	}
}

func TestADisturbedRunCannotSay(t *testing.T) {
	vm := simulated.VM{CPUs: 2, CPU: 20 * ms}
	for seed := range uint64(10) {
		v := judge(simulated.Run(vm, simulated.Load{Seed: seed, Users: 130, Hold: 60 * time.Second, Troubled: true}))
		if v.Answer != verdict.Unknown {
			t.Errorf("seed %d: %s", seed, v.Sentence.EN)
		}
	}
}

// Whatever its protocol says, of a document that somebody may have written by hand.
func TestAReplayOfAnySpeedHasAVerdict(t *testing.T) {
	r := simulated.Run(simulated.VM{CPUs: 2, CPU: 10 * ms}, simulated.Load{Users: 20, Hold: hold})
	r.Phase = run.PhaseLeave
	for _, speed := range []float64{0, 1e-300, 1, 1e300} {
		r.Protocol.Speed, r.Protocol.WaitMax = speed, 1e9
		judge(r)
	}
}

func TestNothingAtAllCannotSay(t *testing.T) {
	v := verdict.Of(run.Run{Header: run.Header{Phase: 1}}, run.DefaultObjective, 0)
	if v.Answer != verdict.Unknown || !strings.HasSuffix(v.Sentence.EN, "no load was asked about.") {
		t.Errorf("%+v", v)
	}
}

// A ramp whose largest loads were disturbed did not see the end, and says so; it does not ask for a ramp.
func TestARampThatWasDisturbedAtItsEnd(t *testing.T) {
	r := simulated.Run(simulated.VM{CPUs: 4, CPU: ms, Workers: 4, Hold: 39 * ms}, simulated.Load{Users: 60, Ramp: true, Hold: hold}) // 100/s, 154 users
	for i := range r.Seconds {
		if s := &r.Seconds[i]; s.Users > 140 && i%5 < 3 {
			s.Targets[0].Requests, s.Targets[0].Latency = 0, latency.Histogram{}
		}
	}
	v := judge(r)
	if v.Answer != verdict.Yes || v.Saturation != nil || v.Headroom != nil || !missing(v, "the largest loads were not steady") || missing(v, "with --ramp") ||
		!strings.Contains(v.Sentence.EN, "carries 60 users") || !strings.Contains(v.Sentence.EN, ", and up to 120;") {
		t.Errorf("%s %v", v.Sentence.EN, v.Missing)
	}
}

// What was not measured at the users asked about follows from more users that were carried, and fewer that were not.
func TestOtherLoadsAnswer(t *testing.T) {
	r := simulated.Run(simulated.VM{CPUs: 2, CPU: 10 * ms}, simulated.Load{Users: 200, Ramp: true, Hold: hold}) // 200/s, some 300 users
	for asked, want := range map[int]verdict.Answer{60: verdict.Yes, 130: verdict.Yes, 1000: verdict.No} {
		if v := verdict.Of(r, run.DefaultObjective, asked); v.Answer != want {
			t.Errorf("%d users: %s", asked, v.Sentence.EN)
		}
	}
	strict := run.DefaultObjective
	strict.Latency = 5
	if v := verdict.Of(r, strict, 60); v.Answer != verdict.No {
		t.Errorf("5 ms, of work that takes up to 15: %s", v.Sentence.EN)
	}
}

// Advice fits what was found.
func TestTheCure(t *testing.T) {
	r := simulated.Run(simulated.VM{CPUs: 2, CPU: 20 * ms}, simulated.Load{Users: 100, Ramp: true, Hold: hold}) // 100/s, 155 users
	for asked, want := range map[int]string{200: "CPUs instead of 2.", 1_000_000: "spread the load over several."} {
		if v := verdict.Of(r, run.DefaultObjective, asked); v.Answer != verdict.No || !strings.HasSuffix(v.Sentence.EN, want) {
			t.Errorf("%d users: %s", asked, v.Sentence.EN)
		}
	}
	if v := verdict.Of(r, run.DefaultObjective, 180); v.Answer != verdict.Unknown || !missing(v, "it carries 141 users and not 200") {
		t.Errorf("between two levels: %s", v.Sentence.EN)
	}
	strict := run.DefaultObjective
	strict.Latency = 3
	if v := verdict.Of(r, strict, 100); v.Answer != verdict.No || !strings.Contains(v.Sentence.EN, "the capacity is there") {
		t.Errorf("before the knee, in 3 ms: %s", v.Sentence.EN)
	}
}

func TestTheGeneratorsLimitIsNotTheVMs(t *testing.T) {
	r := simulated.Run(simulated.VM{CPUs: 4, CPU: ms, Workers: 4, Hold: 39 * ms}, simulated.Load{Users: 100, Ramp: true, Hold: hold})
	if v := judge(r); v.Saturation == nil {
		t.Fatal(v.Sentence.EN)
	}
	for i := range r.Seconds {
		r.Seconds[i].Generator = 97
	}
	v := judge(r)
	if v.Saturation != nil || !missing(v, "the load generator came to the limit") {
		t.Errorf("%s %v", v.Sentence.EN, v.Missing)
	}
	if v := verdict.Of(r, run.DefaultObjective, 400); v.Answer != verdict.Unknown {
		t.Errorf("a slow generator makes a VM that does not carry 400 users: %s", v.Sentence.EN)
	}
}

func TestFailuresBreakTheObjective(t *testing.T) {
	r := simulated.Run(simulated.VM{CPUs: 4, CPU: ms, Memory: 10, Hold: 99 * ms}, simulated.Load{Users: 250, Hold: 30 * time.Second})
	v := judge(r)
	if v.Answer != verdict.No || !strings.Contains(v.Sentence.EN, "% fail") {
		t.Errorf("%s", v.Sentence.EN)
	}
}

func TestARunOnItselfSaysSo(t *testing.T) {
	r := simulated.Run(simulated.VM{CPUs: 2, CPU: 10 * ms}, simulated.Load{Users: 100, Hold: hold})
	r.Protocol.Target = "http://127.0.0.1:8082/trabajo"
	if v := judge(r); !missing(v, "on the VM itself") {
		t.Error(v.Missing)
	}
}

func TestSpanishHasCommas(t *testing.T) {
	r := simulated.Run(simulated.VM{CPUs: 4, CPU: ms, Memory: 10, Hold: 99 * ms}, simulated.Load{Users: 250, Hold: 30 * time.Second})
	v := judge(r)
	if !strings.Contains(v.Sentence.ES, ",") || strings.Contains(strings.TrimSuffix(v.Sentence.ES, "."), ".") {
		t.Error(v.Sentence.ES)
	}
}

// Whatever a document holds, its verdict is one that JSON can carry.
func TestAnyRunHasAVerdict(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		r := run.Run{Header: run.Header{Phase: 1 + dice.IntN(2), Protocol: run.Protocol{Users: dice.IntN(20), Speed: float64(dice.IntN(3)), WaitMax: float64(dice.IntN(5))}}}
		at, users := 0, 1
		for range dice.IntN(120) {
			at += 1 + dice.IntN(20)/19
			if dice.IntN(15) == 0 {
				users = dice.IntN(20)
			}
			s := run.Second{Second: at, Users: users}
			if dice.IntN(3) > 0 {
				s.Vitals = &run.Vitals{CPU: 100 * dice.Float64(), RAM: 100 * dice.Float64(), Processes: 1e6 * dice.Float64()}
			}
			for _, name := range []string{"agent", "api1", "api2"} {
				target := run.Target{Name: name}
				for range dice.IntN(4) * dice.IntN(4) {
					target.Requests++
					if dice.IntN(4) == 0 {
						target.Failures++
					} else {
						target.Latency.Observe(time.Duration(dice.Int64N(1 << 34)))
					}
				}
				s.Targets = append(s.Targets, target)
			}
			r.Seconds = append(r.Seconds, s)
		}
		v := judge(r)
		if _, err := json.Marshal(v); err != nil {
			t.Fatalf("%v: %+v", err, v)
		}
		if v.Sentence.ES == "" || v.Sentence.EN == "" || strings.Contains(v.Sentence.EN, ": .") {
			t.Fatalf("it says nothing: %+v", v)
		}
	}
}

func missing(v verdict.Verdict, part string) bool {
	return strings.Contains(v.Sentence.EN, part) || slices.ContainsFunc(v.Missing, func(m verdict.Text) bool { return strings.Contains(m.EN, part) })
}
