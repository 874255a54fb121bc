package verdict

import (
	"math"
	"slices"

	"github.com/pulso-lab/pulso/internal/latency"
	"github.com/pulso-lab/pulso/internal/run"
)

const (
	shortest  = 8    // seconds of a level that count, at least
	step      = 5    // seconds, of a cut of the transient
	longest   = 30   // seconds of a transient, at most
	wavering  = 0.01 // of its users that a level may have more or fewer: a distributed count lags
	trendMost = 0.10 // of the mean that a steady level's throughput may drift from its beginning to its end, where that is no chance
	noiseMost = 0.10 // of the mean that half its confidence interval may be
	batchMin  = 2    // seconds of a batch
	batchMost = 20   // batches of a level
	slowest   = 4.0  // answers beyond the percentile that must be expected, or its upper end is not known: 80 in all for p95
	stallPart = 0.3  // of the median throughput: less is a second in which nothing moved
	stallMost = 2    // such seconds in a row make a level unsteady
)

// second is one second of the application's side of a run.
type second struct {
	at        int
	users     int
	good      float64
	failures  float64
	latency   latency.Histogram
	vitals    *run.Vitals
	generator float64
}

// applicationSeconds adds up all targets but the agent, whose answers are measurements and no work.
func applicationSeconds(r run.Run) []second {
	var all []second
	for _, s := range r.Seconds {
		one := second{at: s.Second, users: s.Users, vitals: s.Vitals, generator: s.Generator}
		for i := range s.Targets {
			target := &s.Targets[i]
			if r.Phase == run.PhaseEnter && target.Name == run.TargetAgent {
				continue
			}
			one.good += float64(target.Requests - target.Failures)
			one.failures += float64(target.Failures)
			one.latency.Merge(&target.Latency)
		}
		all = append(all, one)
	}
	return all
}

// measured is a level with what the estimates are made of.
type measured struct {
	Level
	seconds []second // that count
	deviate float64  // standard error of Requests.Value
	vital   bool     // the VM said how it was
	fails   bool     // every batch for itself broke the objective
}

// levelsOf finds the stretches with a constant number of users that are long enough to say anything.
func levelsOf(seconds []second, o run.Objective) []*measured {
	var levels []*measured
	for len(seconds) > 0 {
		n := stretch(seconds)
		// Users were still coming in the first second.
		if level := seconds[1:n]; len(level) >= shortest {
			if users := mostly(level); users > 0 {
				levels = append(levels, measure(users, level, o))
			}
		}
		seconds = seconds[n:]
	}
	return levels
}

// stretch is how many seconds from the first on have its users, one after the other: of a second that was not recorded, nobody
// knows what was answered in it.
func stretch(seconds []second) int {
	users := float64(seconds[0].users)
	n := 1
	for n < len(seconds) && seconds[n].at == seconds[n-1].at+1 && math.Abs(float64(seconds[n].users)-users) <= wavering*users {
		n++
	}
	return n
}

// mostly is the number of users that half of the seconds have at least; 0 where users are still coming, ever so slowly.
func mostly(seconds []second) int {
	count := map[int]int{}
	for _, s := range seconds {
		if count[s.users]++; 2*count[s.users] >= len(seconds) {
			return s.users
		}
	}
	return 0
}

// measure says what one level was like, after its transient.
func measure(users int, seconds []second, o run.Objective) *measured {
	good := make([]float64, len(seconds))
	for i, s := range seconds {
		good[i] = s.good
	}
	cut := transient(good)
	// Whoever warms up may fail for some seconds, and not for as long as it takes.
	warm := inBatches(seconds[min(cut, step):])
	seconds, good = seconds[cut:], good[cut:]
	m := &measured{seconds: seconds}
	m.Users, m.From, m.To = users, seconds[0].at, seconds[len(seconds)-1].at+1
	batches := inBatches(seconds)
	m.Requests, m.deviate = throughput(batches)
	var all latency.Histogram
	var vitals run.Vitals
	heard := 0.0
	for i := range seconds {
		s := &seconds[i]
		all.Merge(&s.latency)
		m.Generator += s.generator / float64(len(seconds))
		if s.vitals != nil {
			heard++
			vitals.CPU += s.vitals.CPU
			vitals.RAM += s.vitals.RAM
			vitals.Running += s.vitals.Running
			vitals.Processes += s.vitals.Processes
		}
	}
	m.CPU, m.RAM, m.Running, m.Processes = -1, -1, -1, -1
	if m.vital = heard > 0; m.vital {
		m.CPU, m.RAM, m.Running, m.Processes = vitals.CPU/heard, vitals.RAM/heard, vitals.Running/heard, vitals.Processes/heard
	}
	m.P50, m.P99 = milliseconds(&all, 0.5), milliseconds(&all, 0.99)
	m.Latency = quantile(batches, &all, o.Percentile/100)
	m.Errors = errorShare(warm)
	m.Reason, m.Steady = steadiness(good, m.Requests)
	if !m.Steady && m.Errors.Low > o.Errors {
		m.Reason = m.Reason.and(textf(", y falló el %.0f %%", ", and %.0f %% failed", m.Errors.Value))
	}
	m.fails = failsThroughout(warm, o)
	switch {
	case m.fails:
		m.Meets = No
	case m.Steady:
		m.Meets = meets(m, all.Count(), o)
	default:
		m.Meets = Unknown
	}
	return m
}

func milliseconds(h *latency.Histogram, q float64) float64 {
	return float64(h.Quantile(q)) / 1e6
}

// transient is how many of the first values to leave out: White's MSER-5 (1997), which takes the cut, of no more than the
// first half, that makes the standard error of the mean of what is left the smallest. What lasts longer is none.
func transient(values []float64) int {
	best, cut := math.Inf(1), 0
	for d := 0; d <= min(len(values)/2, len(values)-shortest, longest); d += step {
		rest := values[d:]
		_, squares := moments(rest)
		if error := squares / float64(len(rest)*len(rest)); error < best {
			best, cut = error, d
		}
	}
	return cut
}

// moments are the mean, and the sum of the squares of the distances from it.
func moments(values []float64) (mean, squares float64) {
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return mean, squares
}

// batch is some neighbouring seconds of a level, which hang together less with the next than one second with another.
type batch struct {
	seconds, good, failures float64
	latency                 latency.Histogram
}

func inBatches(seconds []second) []batch {
	size := max(batchMin, (len(seconds)+batchMost-1)/batchMost)
	count := len(seconds) / size
	batches := make([]batch, count)
	for i := range seconds {
		b := &batches[min(i/size, count-1)]
		b.seconds++
		b.good += seconds[i].good
		b.failures += seconds[i].failures
		b.latency.Merge(&seconds[i].latency)
	}
	return batches
}

// throughput is the mean of the batches, its interval by Student's t, and its standard error.
func throughput(batches []batch) (Estimate, float64) {
	rates := make([]float64, len(batches))
	for i, b := range batches {
		rates[i] = b.good / b.seconds
	}
	_, squares := moments(rates)
	good, seconds := 0.0, 0.0
	for _, b := range batches {
		good, seconds = good+b.good, seconds+b.seconds
	}
	mean := good / seconds
	k := float64(len(batches))
	deviate := math.Sqrt(squares / (k - 1) / k)
	half := student(len(batches)-1) * deviate
	return Estimate{mean, max(0, mean-half), mean + half}, deviate
}

// steadiness says whether a level's throughput stands still, and else why not.
func steadiness(good []float64, mean Estimate) (Text, bool) {
	if mean.Value == 0 {
		return Text{"no hubo ninguna respuesta buena", "there was no good answer"}, false
	}
	if n := stalled(good); n > stallMost {
		return textf("se detuvo %d s seguidos", "it stood still for %d s in a row", n), false
	}
	if drift, sure := trend(good); sure && math.Abs(drift) > trendMost*mean.Value {
		if drift > 0 {
			return Text{"el caudal seguía creciendo", "throughput was still rising"}, false
		}
		return Text{"el caudal fue cayendo", "throughput kept falling"}, false
	}
	if half := (mean.High - mean.Low) / 2; half > noiseMost*mean.Value {
		return textf("el caudal oscila ±%.0f %%", "throughput varies by ±%.0f %%", 100*half/mean.Value), false
	}
	return Text{}, true
}

// stalled is the most seconds in a row in which next to nothing was answered, though there is much to answer.
func stalled(good []float64) int {
	median := slices.Sorted(slices.Values(good))[len(good)/2]
	longest, now := 0, 0
	for _, g := range good {
		if now++; g >= stallPart*median || median < 5 {
			now = 0
		}
		longest = max(longest, now)
	}
	return longest
}

// trend is how much the straight line through the values rises from the first to the last, and whether that is more than
// chance would make of values that stand still, once in a hundred times.
func trend(values []float64) (rise float64, sure bool) {
	n := float64(len(values))
	mean, _ := moments(values)
	var xx, xy float64
	for i, v := range values {
		x := float64(i) - (n-1)/2
		xx += x * x
		xy += x * (v - mean)
	}
	slope := xy / xx
	var squares float64
	for i, v := range values {
		e := v - mean - slope*(float64(i)-(n-1)/2)
		squares += e * e
	}
	const once = 2.9 // of Student's t, two-sided 1 %, for some fifteen seconds
	return slope * (n - 1), math.Abs(slope) > once*math.Sqrt(squares/(n-2)/xx)
}

// failsThroughout says whether each batch for itself broke the objective; one without any answer did so, too.
func failsThroughout(batches []batch, o run.Objective) bool {
	return !slices.ContainsFunc(batches, func(b batch) bool {
		return b.good > 0 && 100*b.failures <= o.Errors*(b.good+b.failures) && milliseconds(&b.latency, o.Percentile/100) <= o.Latency
	})
}

// meets holds a level against the objective: sure either way only where the whole interval is on one side.
func meets(m *measured, answers uint64, o run.Objective) Answer {
	if m.Errors.Low > o.Errors || m.Latency.Low > o.Latency {
		return No
	}
	if answers == 0 || m.Errors.Value > 0 && m.Errors.High > o.Errors || m.Latency.High > o.Latency || float64(answers)*(1-o.Percentile/100) < slowest {
		return Unknown
	}
	return Yes
}
