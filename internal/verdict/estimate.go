package verdict

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pulso-lab/pulso/internal/latency"
)

const (
	resamples = 200
	// Half a bucket of the histogram: a quantile is not known better (internal/latency).
	halfBucket = 1.0 / 16
)

// chance is the same for every verdict: the same run must always say the same.
func chance() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) } //nolint:gosec // resampling, no secret

// student is the 97.5 % quantile of Student's t. Hill's expansion (Abramowitz and Stegun, 26.7.5) is within 1 % of it from
// three degrees on.
func student(degrees int) float64 {
	switch degrees {
	case 0:
		return math.Inf(1)
	case 1:
		return 12.71
	case 2:
		return 4.30
	}
	const z = 1.959964
	v := float64(degrees)
	z3 := z * z * z
	z5 := z3 * z * z
	z7 := z5 * z * z
	return z + (z3+z)/(4*v) + (5*z5+16*z3+3*z)/(96*v*v) + (3*z7+19*z5+17*z3-15*z)/(384*v*v*v)
}

// quantile is a quantile of all answers, in ms, with an interval from resampled batches: in the logarithm, where latencies
// spread evenly, wider for few batches as Student's t has it, never narrower than a bucket, nor than the ranks between which
// the quantile of independent answers lies.
func quantile(batches []batch, all *latency.Histogram, q float64) Estimate {
	if all.Count() == 0 {
		return Estimate{}
	}
	dice := chance()
	logs := make([]float64, 0, resamples)
	for range resamples {
		var some latency.Histogram
		for range batches {
			some.Merge(&batches[dice.IntN(len(batches))].latency)
		}
		if some.Count() > 0 {
			logs = append(logs, math.Log(milliseconds(&some, q)))
		}
	}
	_, squares := moments(logs)
	k := float64(len(batches))
	deviate := math.Sqrt(squares / float64(max(1, len(logs))) * k / (k - 1))
	half := student(len(batches)-1)*deviate + halfBucket*math.Ln2
	value := milliseconds(all, q)
	ranks := 1.96 * math.Sqrt(q*(1-q)/float64(all.Count()))
	return Estimate{
		value,
		min(value*math.Exp(-half), milliseconds(all, max(0, q-ranks))),
		max(value*math.Exp(half), milliseconds(all, min(1, q+ranks))),
	}
}

// errorShare is the percentage of requests that failed, with Wilson's interval; failures come in bursts, so it counts as many
// independent requests as the batches' own variance allows.
func errorShare(batches []batch) Estimate {
	var failures, all float64
	for _, b := range batches {
		failures, all = failures+b.failures, all+b.good+b.failures
	}
	if all == 0 {
		return Estimate{}
	}
	p := failures / all
	var squares float64
	for _, b := range batches {
		e := b.failures - p*(b.good+b.failures)
		squares += e * e
	}
	independent := all
	if variance := p * (1 - p) * all; variance > 0 {
		independent = all / max(1, squares/variance)
	}
	const z = 1.959964
	middle := (p + z*z/(2*independent)) / (1 + z*z/independent)
	half := z / (1 + z*z/independent) * math.Sqrt(p*(1-p)/independent+z*z/(4*independent*independent))
	low := max(0, middle-half)
	if failures == 0 {
		low = 0 // which rounding would miss
	}
	return Estimate{100 * p, 100 * low, 100 * min(1, middle+half)}
}

// interval is a value, and the middle 95 % of what the same computation made of resampled data.
func interval(value float64, of []float64) Estimate {
	of = slices.DeleteFunc(slices.Clone(of), math.IsNaN)
	if len(of) == 0 {
		return Estimate{value, value, value}
	}
	slices.Sort(of)
	at := func(q float64) float64 { return of[int(math.Round(q*float64(len(of)-1)))] }
	return Estimate{value, min(value, at(0.025)), max(value, at(0.975))}
}
