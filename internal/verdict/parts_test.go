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
		"falling": {falling, "throughput kept falling"},
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
		return &measured{Level: Level{Users: users, Requests: Estimate{Value: 100}, CPU: cpu, RAM: ram, Processes: processes}, seconds: make([]second, 10), vital: true}
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
		b := bottleneckOf(c.levels, &plateau{levels: c.levels[1:], most: 100}, vm)
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

// Of a second that is missing nobody knows what was answered: it is not taken for an idle one.
func TestMissingSecondsAreNotIdle(t *testing.T) {
	r := constant(120, func(int) []run.Target { return []run.Target{target("workload", 20, 0, ms(5))} })
	all := r.Seconds
	r.Seconds = nil
	for i, s := range all {
		if i%20 != 0 {
			r.Seconds = append(r.Seconds, s)
		}
	}
	v := Of(r, run.DefaultObjective, 0)
	if v.Answer != Yes || math.Abs(v.Load.Requests.Value-20) > 0.01 || v.Missing[len(v.Missing)-1].EN != "5 seconds of the run are missing, and levels end at them" {
		t.Errorf("every twentieth is missing: %s %v", v.Sentence.EN, v.Missing)
	}
	r.Seconds = nil
	for i, s := range all {
		if i%2 != 0 {
			r.Seconds = append(r.Seconds, s)
		}
	}
	if v := Of(r, run.DefaultObjective, 0); v.Answer != Unknown {
		t.Errorf("every second one is missing: %s", v.Sentence.EN)
	}
}

// What is slow once in five hundred answers, six hundred of them may well not show.
func TestARarePercentileTakesManyAnswers(t *testing.T) {
	o := run.Objective{Percentile: 99.9, Latency: 250, Errors: 1}
	dice := rand.New(rand.NewPCG(5, 5))
	slow := func(int) []run.Target {
		work := run.Target{Name: "workload"}
		for range 20 {
			work.Requests++
			took := ms(10)
			if dice.IntN(500) == 0 {
				took = ms(900)
			}
			work.Latency.Observe(took)
		}
		return []run.Target{work}
	}
	for range 40 {
		if v := Of(constant(30, slow), o, 0); v.Answer == Yes {
			t.Errorf("of some 600 answers: %s", v.Sentence.EN)
		}
	}
	if v := Of(constant(3000, slow), o, 0); v.Answer != No {
		t.Errorf("of 60,000 answers: %s", v.Sentence.EN)
	}
}

// Users who come one a second make no level, however many there are; a count that lags does.
func TestUsersWhoComeMakeNoLevel(t *testing.T) {
	r := constant(300, func(int) []run.Target { return []run.Target{target("workload", 20, 0, ms(5))} })
	for i := range r.Seconds {
		r.Seconds[i].Users = 1000 + i
	}
	if v := Of(r, run.DefaultObjective, 0); len(v.Levels) > 0 {
		t.Errorf("%d levels, the first of %d users", len(v.Levels), v.Levels[0].Users)
	}
	for i := range r.Seconds {
		r.Seconds[i].Users = 300 - i%3/2
	}
	if v := Of(r, run.DefaultObjective, 300); len(v.Levels) != 1 || v.Levels[0].Users != 300 {
		t.Errorf("%+v", v.Levels)
	}
}

func TestMeets(t *testing.T) {
	o := run.Objective{Percentile: 95, Latency: 250, Errors: 1}
	for name, c := range map[string]struct {
		latency, errors Estimate
		answers         uint64
		want            Answer
	}{
		"within":                      {Estimate{200, 180, 240}, Estimate{0.2, 0.1, 0.5}, 900, Yes},
		"no failure, of few requests": {Estimate{200, 180, 240}, Estimate{0, 0, 3}, 90, Yes},
		"too few for a percentile":    {Estimate{200, 180, 240}, Estimate{0, 0, 3}, 70, Unknown},
		"perhaps too slow":            {Estimate{240, 220, 260}, Estimate{0, 0, 0.1}, 900, Unknown},
		"perhaps not too slow":        {Estimate{260, 240, 280}, Estimate{0, 0, 0.1}, 900, Unknown},
		"too slow":                    {Estimate{300, 260, 330}, Estimate{0, 0, 0.1}, 900, No},
		"perhaps too many failures":   {Estimate{100, 90, 120}, Estimate{0.8, 0.5, 1.2}, 900, Unknown},
		"too many failures":           {Estimate{100, 90, 120}, Estimate{3, 2, 4}, 900, No},
		"no latency":                  {Estimate{}, Estimate{0, 0, 0}, 0, Unknown},
	} {
		if got := meets(&measured{Level: Level{Latency: c.latency, Errors: c.errors}}, c.answers, o); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// curve is levels with so many users and answers a second, each known to a part of it.
func curve(unsure float64, loads ...[2]float64) []*measured {
	levels := make([]*measured, len(loads))
	for i, l := range loads {
		deviate := unsure * l[1]
		levels[i] = &measured{
			Level:   Level{Users: int(l[0]), Steady: true, Requests: Estimate{l[1], l[1] - 2*deviate, l[1] + 2*deviate}},
			seconds: make([]second, 15), deviate: deviate,
		}
	}
	return levels
}

func TestWhereThroughputEnds(t *testing.T) {
	for name, c := range map[string]struct {
		levels         []*measured
		users          float64 // of the knee; 0 for no saturation
		falls, atFirst bool
	}{
		"a plateau":             {curve(0.01, [2]float64{10, 10}, [2]float64{20, 20}, [2]float64{40, 30}, [2]float64{60, 30.5}), 30.25, false, false},
		"a fall":                {curve(0.01, [2]float64{10, 10}, [2]float64{20, 20}, [2]float64{40, 30}, [2]float64{60, 20}), 30, true, false},
		"a slight fall":         {curve(0.01, [2]float64{10, 10}, [2]float64{20, 20}, [2]float64{40, 30}, [2]float64{60, 28}), 30, false, false},
		"from the first":        {curve(0.01, [2]float64{40, 30}, [2]float64{60, 30}), 40, false, true},
		"a straight line":       {curve(0.01, [2]float64{10, 10}, [2]float64{20, 20}, [2]float64{40, 40}), 0, false, false},
		"a bend":                {curve(0.01, [2]float64{10, 10}, [2]float64{20, 20}, [2]float64{40, 36}, [2]float64{60, 48}), 0, false, false},
		"too few users beyond":  {curve(0.01, [2]float64{10, 10}, [2]float64{20, 20}, [2]float64{24, 20.2}), 0, false, false},
		"growing slowly":        {curve(0.01, [2]float64{10, 10}, [2]float64{20, 20}, [2]float64{24, 21.6}), 0, false, false},
		"too noisy to be sure":  {curve(0.15, [2]float64{10, 10}, [2]float64{20, 20}, [2]float64{27, 20}), 0, false, false},
		"one level":             {curve(0.01, [2]float64{10, 10}), 0, false, false},
		"growing by a fiftieth": {curve(0.001, [2]float64{10, 10}, [2]float64{20, 20}, [2]float64{40, 40}, [2]float64{53, 40.8}), 40.4, false, false},
	} {
		p := plateauOf(c.levels)
		if (p != nil) != (c.users > 0) {
			t.Errorf("%s: %+v", name, p)
			continue
		}
		if p == nil {
			continue
		}
		s := p.saturation()
		if !near2(s.Users.Value, c.users, 0.01) || s.Falls != c.falls || (s.Users.Low == 0) != c.atFirst {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestHeadroom(t *testing.T) {
	j := judge{Verdict: Verdict{Asked: 300, Saturation: &Saturation{Users: Estimate{400, 375, 420}}}}
	if h := j.headroom(); h.Value != 25 || !near2(h.Low, 20, 1e-9) || !near2(h.High, 28.57, 0.001) {
		t.Errorf("of 300 users before a knee at 400: %+v", h)
	}
	j.Asked = 500
	if h := j.headroom(); h.Value != -25 {
		t.Errorf("of 500 users: %+v", h)
	}
	j.Saturation = nil
	if h := j.headroom(); h != nil {
		t.Errorf("without a saturation: %+v", h)
	}
}

// constant is a run with a constant load: a second of it is what one makes of each target.
func constant(seconds int, one func(second int) []run.Target) run.Run {
	r := run.Run{Header: run.Header{Phase: run.PhaseEnter, Protocol: run.Protocol{Users: 30}}}
	for i := range seconds {
		r.Seconds = append(r.Seconds, run.Second{Second: i, Users: 30, Targets: one(i)})
	}
	return r
}

func target(name string, good, failed int, took time.Duration) run.Target {
	t := run.Target{Name: name, Requests: int64(good + failed), Failures: int64(failed)}
	for range good {
		t.Latency.Observe(took)
	}
	return t
}

func TestWhatCounts(t *testing.T) {
	r := constant(31, func(i int) []run.Target {
		work := target("workload", 20, 0, 10*time.Millisecond)
		if i == 0 {
			work = target("workload", 900, 0, 10*time.Millisecond) // who came in it, came all at once
		}
		return []run.Target{target("agent", 20, 5, time.Second), work}
	})
	v := Of(r, run.DefaultObjective, 0)
	if len(v.Levels) != 1 || v.Answer != Yes {
		t.Fatalf("%+v", v)
	}
	if m := v.Levels[0]; m.From != 1 || m.To != 30 || m.Requests.Value != 20 || m.Errors.Value != 0 || m.Latency.Value > 11 {
		t.Errorf("the first second, the last or the agent's answers count: %+v", m)
	}
	r.Phase = run.PhaseLeave
	for i := range r.Seconds {
		r.Seconds[i].Targets = []run.Target{target("api1", 9, 0, ms(5)), target("api2", 9, 0, ms(5)), target("entry", 0, 1, 0)}
	}
	v = Of(r, run.DefaultObjective, 0)
	if v.Routes == nil || len(v.Routes.Routes) != 2 || v.Load == nil || v.Load.Errors.Value < 5 {
		t.Errorf("what no route answered is a route, or no failure: %+v", v)
	}
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func TestLatenciesThatChangeAreLessSure(t *testing.T) {
	width := func(slow int) float64 {
		v := Of(constant(31, func(i int) []run.Target { return []run.Target{target("workload", 20, 0, ms(10+slow*(i/2%10/9)))} }), run.DefaultObjective, 0)
		return v.Levels[0].Latency.High / v.Levels[0].Latency.Low
	}
	if even, uneven := width(0), width(100); even < 1.08 || even > 1.1 || uneven < 2*even {
		t.Errorf("10 ms always are known to a factor of %.2f, 110 in a tenth of the time to %.2f", even, uneven)
	}
}

// More than linear, no σ or κ explains.
func TestTheLawIsNeverNegative(t *testing.T) {
	var loads []load
	for n := 1.0; n < 100; n *= 1.6 {
		loads = append(loads, load{n, math.Pow(n, 1.1), 0.01})
	}
	if u, ok := fitLaw(loads); !ok || u.sigma != 0 || u.kappa != 0 {
		t.Errorf("%+v", u)
	}
}

func TestUnsteadyLevelsAreDoubted(t *testing.T) {
	r := constant(120, func(i int) []run.Target {
		good := 20
		if i%60 > 30 { // of every other level
			good = 5 + 3*(i%8)
		}
		return []run.Target{target("workload", good, 0, ms(10))}
	})
	for i := range r.Seconds {
		r.Seconds[i].Users += i / 30
	}
	v := Of(r, run.DefaultObjective, 30)
	if v.Answer != Yes || v.Confidence == High {
		t.Errorf("%+v", v)
	}
	found := false
	for _, m := range v.Missing {
		found = found || m.EN == "levels that were not steady and do not count: 2 of 4"
	}
	if !found {
		t.Errorf("%v", v.Missing)
	}
}

// What was measured at the load asked about decides; else what is carried beyond it, or not carried beneath.
func TestWhoAnswers(t *testing.T) {
	level := func(users int, meets Answer) *measured {
		return &measured{Level: Level{Users: users, Steady: true, Meets: meets}}
	}
	for name, c := range map[string]struct {
		levels          []*measured
		asked           int
		want            Answer
		carries, breaks int
	}{
		"its own level":                      {[]*measured{level(10, Yes), level(40, Yes), level(60, No)}, 40, Yes, 40, 60},
		"not its own, though more were":      {[]*measured{level(10, Yes), level(40, No), level(60, Yes)}, 40, No, 10, 40},
		"its own, though a light one failed": {[]*measured{level(10, No), level(40, Yes), level(60, No)}, 40, Yes, 40, 60},
		"its own, that does not say":         {[]*measured{level(10, Yes), level(40, Unknown), level(60, Yes)}, 40, Unknown, 60, 0},
		"the nearest of two":                 {[]*measured{level(285, Yes), level(300, Unknown)}, 300, Unknown, 285, 0},
		"the nearest, and not beyond":        {[]*measured{level(300, Yes), level(312, No)}, 300, Yes, 300, 312},
		"twice its own":                      {[]*measured{level(40, Yes), level(40, No)}, 40, No, 0, 40},
		"more are carried":                   {[]*measured{level(10, Yes), level(60, Yes)}, 40, Yes, 60, 0},
		"fewer are not":                      {[]*measured{level(10, Yes), level(20, No)}, 40, No, 10, 20},
		"both":                               {[]*measured{level(20, No), level(60, Yes)}, 40, Unknown, 60, 0},
		"nothing":                            {[]*measured{level(20, Yes)}, 40, Unknown, 20, 0},
		"nothing sure":                       {[]*measured{level(20, Unknown), level(60, Unknown)}, 40, Unknown, 0, 0},
	} {
		users := func(l *Load) int {
			if l == nil {
				return 0
			}
			return l.Users
		}
		j := judge{Verdict: Verdict{Asked: c.asked}}
		j.load(c.levels)
		j.answer(c.levels)
		j.agree()
		if j.Answer != c.want || users(j.Carries) != c.carries || users(j.Breaks) != c.breaks {
			t.Errorf("%s: %s, carries %d, breaks at %d", name, j.Answer, users(j.Carries), users(j.Breaks))
		}
		if (j.Answer == Unknown) != (j.why.EN != "") {
			t.Errorf("%s: what is missing is not said", name)
		}
	}
}

// A VM that fails from beginning to end has answered, however unsteady that is.
func TestFailingThroughoutIsNo(t *testing.T) {
	for name, one := range map[string]func(i int) []run.Target{
		"all":      func(int) []run.Target { return []run.Target{target("workload", 0, 20, 0)} },
		"nearly":   func(i int) []run.Target { return []run.Target{target("workload", i%3/2, 20, 0)} },
		"slow":     func(i int) []run.Target { return []run.Target{target("workload", 5+i%20, 0, ms(900))} },
		"it hangs": func(i int) []run.Target { return []run.Target{target("workload", 0, 20*(i%15/14), 0)} },
	} {
		if v := Of(constant(60, one), run.DefaultObjective, 0); v.Answer != No {
			t.Errorf("%s: %s", name, v.Sentence.EN)
		}
	}
	recovers := func(i int) []run.Target { return []run.Target{target("workload", 20*(i/28), 20*(1-i/28), ms(5))} }
	if v := Of(constant(56, recovers), run.DefaultObjective, 0); v.Answer == Yes {
		t.Errorf("half of the time everything failed: %s", v.Sentence.EN)
	}
	outage := func(i int) []run.Target {
		if i > 40 && i < 44 {
			return []run.Target{target("workload", 0, 20, 0)}
		}
		return []run.Target{target("workload", 20, 0, ms(5))}
	}
	if v := Of(constant(60, outage), run.DefaultObjective, 0); v.Answer != Unknown {
		t.Errorf("an outage of three seconds: %s", v.Sentence.EN)
	}
}

// What is used up only far beyond the knee, or by somebody else, is no bottleneck.
func TestWhatIsNoBottleneck(t *testing.T) {
	level := func(users int, requests, cpu float64) *measured {
		return &measured{Level: Level{Users: users, Requests: Estimate{Value: requests}, CPU: cpu}, seconds: make([]second, 10), vital: true}
	}
	beyond := []*measured{level(10, 10, 10), level(40, 40, 40), level(60, 41, 45), level(160, 40, 97)}
	if b := bottleneckOf(beyond, &plateau{levels: beyond[1:], most: 41}, run.VM{}); b.Resource != Application || b.CPU != 40 {
		t.Errorf("a CPU that is busy far beyond: %+v", b)
	}
	foreign := []*measured{level(10, 10, 99), level(40, 40, 100), level(60, 41, 100)}
	if b := bottleneckOf(foreign, &plateau{levels: foreign[1:], most: 41}, run.VM{}); b.Resource != Undecided {
		t.Errorf("a CPU that others use: %+v", b)
	}
	if b := bottleneckOf(foreign[1:], &plateau{levels: foreign[1:], most: 41}, run.VM{}); b.Resource != CPU {
		t.Errorf("a run that begins beyond the knee: %+v", b)
	}
}
