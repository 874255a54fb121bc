package verdict

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
)

func near2(a, b, part float64) bool { return math.Abs(a-b) <= part*math.Abs(b) }

// By tables of Student's t.
func TestStudent(t *testing.T) {
	for degrees, want := range map[int]float64{1: 12.71, 2: 4.30, 3: 3.182, 4: 2.776, 5: 2.571, 9: 2.262, 19: 2.093, 100: 1.984} {
		if got := student(degrees); !near2(got, want, 0.01) {
			t.Errorf("%d degrees: %.3f, want %.3f", degrees, got, want)
		}
	}
}

func TestTheTransientIsLeftOut(t *testing.T) {
	steady := []float64{50, 51, 49, 50, 52, 48, 50, 51, 49, 50, 50, 51, 49, 50, 50}
	if cut := transient(steady); cut != 0 {
		t.Errorf("of what is steady from the start, %d seconds are left out", cut)
	}
	if cut := transient(append([]float64{5, 15, 25, 35, 45}, steady...)); cut != 5 {
		t.Errorf("of a rise of five seconds, %d are left out", cut)
	}
	if cut := transient([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}); cut != 0 {
		t.Errorf("less than %d seconds are left: %d were cut", shortest, cut)
	}
}

func TestWhatIsNotSteady(t *testing.T) {
	flat := func(n int, v float64) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = v + float64(i%2)
		}
		return values
	}
	rising := flat(20, 50)
	for i := range rising {
		rising[i] += float64(i)
	}
	falling := flat(20, 80)
	for i := range falling {
		falling[i] -= float64(i)
	}
	stopped := append(append(flat(10, 50), 0, 0, 0), flat(10, 50)...)
	for name, c := range map[string]struct {
		values []float64
		want   string
	}{
		"flat":    {flat(20, 50), ""},
		"rising":  {rising, "throughput was still rising"},
		"falling": {falling, "throughput was falling"},
		"stopped": {stopped, "it stood still for 3 s in a row"},
		"nothing": {make([]float64, 20), "there was no good answer"},
	} {
		mean, _ := moments(c.values)
		why, steady := steadiness(c.values, Estimate{mean, mean * 0.95, mean * 1.05})
		if why.EN != c.want || steady != (c.want == "") {
			t.Errorf("%s: %v %q", name, steady, why.EN)
		}
	}
	if why, steady := steadiness(flat(20, 50), Estimate{50, 44, 56}); steady {
		t.Errorf("an interval of 12 %% either way is steady: %q", why.EN)
	}
}

// The law is found again from its own values, with and without each of its parameters, and through noise.
func TestTheLawIsFoundAgain(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 3))
	for _, u := range []usl{{0.7, 0, 0}, {0.7, 0.02, 0}, {0.7, 0, 2e-5}, {20, 0.05, 1e-4}, {1000, 0.2, 0.003}} {
		var exact, noisy []load
		for n := 1.0; n < 300; n *= 1.6 {
			x := u.at(n)
			exact = append(exact, load{n, x, 0.01 * x})
			noisy = append(noisy, load{n, x * (1 + 0.01*dice.NormFloat64()), 0.01 * x})
		}
		got, ok := fitLaw(exact)
		if !ok || !near2(got.lambda, u.lambda, 1e-6) || math.Abs(got.sigma-u.sigma) > 1e-6 || math.Abs(got.kappa-u.kappa) > 1e-8 {
			t.Errorf("%+v was found as %+v", u, got)
		}
		law := lawOf(noisy)
		users, most := u.peak()
		if !law.Applies || most > 0 && (law.Most.Low > most*1.02 || law.Most.High < most*0.98) || users > 0 && !near2(law.Peak, users, 0.2) {
			t.Errorf("%+v, whose most is %.1f at %.0f, was found through noise as %+v", u, most, users, law)
		}
		for name, e := range map[string][2]float64{"λ": {law.Lambda.Low, law.Lambda.High}, "σ": {law.Sigma.Low, law.Sigma.High}, "κ": {law.Kappa.Low, law.Kappa.High}} {
			truth := map[string]float64{"λ": u.lambda, "σ": u.sigma, "κ": u.kappa}[name]
			if width := e[1] - e[0]; truth < e[0]-width/2-1e-12 || truth > e[1]+width/2+1e-12 {
				t.Errorf("%+v: %s lies between %v", u, name, e)
			}
		}
	}
	if lawOf(make([]load, lawLevels-1)) != nil {
		t.Error("too few levels make a law")
	}
}

// replay is a phase 2 whose routes answer in so many ms, give or take.
func replay(seed uint64, means map[string]float64) run.Run {
	dice := rand.New(rand.NewPCG(seed, 1))
	r := run.Run{Header: run.Header{Phase: run.PhaseLeave, Protocol: run.Protocol{Users: 50, WaitMax: 4, Speed: 1}}}
	for i := range 40 {
		s := run.Second{Second: i, Users: 50}
		for _, name := range sortedKeys(means) {
			target := run.Target{Name: name}
			for range 25 {
				target.Requests++
				target.Latency.Observe(time.Duration(means[name] * math.Exp(0.3*dice.NormFloat64()) * 1e6))
			}
			s.Targets = append(s.Targets, target)
		}
		r.Seconds = append(r.Seconds, s)
	}
	return r
}

func TestRoutesAreCompared(t *testing.T) {
	for seed := range uint64(10) {
		if c := Of(replay(seed, map[string]float64{"api1": 10, "api2": 10}), run.DefaultObjective, 0).Routes; c.Faster != "" {
			t.Errorf("seed %d, of two equal routes: %s", seed, c.Sentence.EN)
		}
		if c := Of(replay(seed, map[string]float64{"api1": 10, "api2": 7}), run.DefaultObjective, 0).Routes; c.Faster != "api2" {
			t.Errorf("seed %d, of 10 and 7 ms: %s", seed, c.Sentence.EN)
		}
	}
	if c := Of(replay(1, map[string]float64{"api1": 10}), run.DefaultObjective, 0).Routes; c != nil {
		t.Errorf("one route is compared: %+v", c)
	}
}

// What the VM says is placed by the resource that ends first.
func TestTheFirstToEndIsNamed(t *testing.T) {
	level := func(users int, cpu, ram, processes float64) *measured {
		return &measured{Level: Level{Users: users, CPU: cpu, RAM: ram, Processes: processes}, seconds: make([]second, 10), vital: true}
	}
	vm := run.VM{Processes: 1000}
	for name, c := range map[string]struct {
		levels []*measured
		want   Resource
	}{
		"cpu":                         {[]*measured{level(10, 20, 40, 100), level(20, 95, 45, 100), level(40, 100, 92, 100)}, CPU},
		"memory before cpu":           {[]*measured{level(10, 20, 40, 100), level(20, 60, 93, 100), level(40, 100, 97, 100)}, Memory},
		"memory that was always used": {[]*measured{level(10, 20, 92, 100), level(20, 95, 93, 100), level(40, 100, 93, 100)}, CPU},
		"processes":                   {[]*measured{level(10, 20, 40, 100), level(20, 40, 45, 930), level(40, 50, 45, 960)}, Processes},
		"none":                        {[]*measured{level(10, 20, 40, 100), level(20, 40, 45, 100), level(40, 41, 45, 100)}, Application},
	} {
		b := bottleneckOf(c.levels, &plateau{levels: c.levels[1:]}, vm)
		if b.Resource != c.want || b.Reason.ES == "" {
			t.Errorf("%s: %+v", name, b)
		}
	}
	mute := &measured{Level: Level{Users: 10}, seconds: make([]second, 10)}
	if b := bottleneckOf([]*measured{mute}, nil, vm); b.Resource != Undecided {
		t.Errorf("a VM that says nothing: %+v", b)
	}
}

func TestALevelThatGotLessIsDisturbed(t *testing.T) {
	level := func(users int, requests float64) *measured {
		return &measured{Level: Level{Users: users, Steady: true, Requests: Estimate{requests, requests * 0.97, requests * 1.03}}}
	}
	levels := []*measured{level(10, 10), level(20, 20), level(30, 12), level(40, 39), level(60, 20)}
	disturb(levels)
	for i, want := range []bool{true, true, false, true, true} { // the last may be what saturation does
		if levels[i].Steady != want {
			t.Errorf("level %d: %v", i, levels[i].Steady)
		}
	}
}
