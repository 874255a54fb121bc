package verdict

import (
	"math"

	"github.com/pulso-lab/pulso/internal/latency"
	"github.com/pulso-lab/pulso/internal/run"
)

// entryTarget is what the requests count for that no route has answered.
const entryTarget = "entry"

// compare holds two routes against each other, over the whole replay: both had the same users, clock and database in every
// second, so that their batches are pairs. Nil where there are not two of them.
func compare(r run.Run, o run.Objective) *Comparison {
	routes := map[string][]second{}
	for i, s := range r.Seconds {
		for _, target := range s.Targets {
			if target.Name == entryTarget {
				continue
			}
			if routes[target.Name] == nil {
				routes[target.Name] = make([]second, len(r.Seconds))
			}
			one := &routes[target.Name][i]
			one.good = float64(target.Requests - target.Failures)
			one.failures = float64(target.Failures)
			one.latency = target.Latency
		}
	}
	if len(routes) != 2 || len(r.Seconds) < shortest {
		return nil
	}
	c := &Comparison{}
	var batches [][]batch
	for _, name := range sortedKeys(routes) {
		of := inBatches(routes[name])
		var all latency.Histogram
		for _, b := range of {
			all.Merge(&b.latency)
		}
		rate, _ := throughput(of)
		c.Routes = append(c.Routes, Route{
			Name: name, Requests: rate, Latency: quantile(of, &all, o.Percentile/100),
			P50: milliseconds(&all, 0.5), P99: milliseconds(&all, 0.99), Errors: errorShare(of),
		})
		batches = append(batches, of)
	}
	a, b := c.Routes[0], c.Routes[1]
	difference, unsure := ratio(batches[0], batches[1], o.Percentile/100)
	switch {
	case a.Latency.Value == 0 || b.Latency.Value == 0:
		c.Sentence = Text{"Una de las dos rutas no dio ninguna respuesta buena.", "One of the two routes gave no good answer."}
	case math.Abs(difference) <= unsure:
		c.Sentence = textf("En toda la reproducción no hay diferencia segura entre %s y %s: %s de %s y %s ms.", "Over the whole replay there is no sure difference between %s and %s: %s %s and %s ms.",
			a.Name, b.Name, percentile(o), short(a.Latency.Value), short(b.Latency.Value))
	default:
		if difference > 0 {
			a, b = b, a
		}
		c.Faster = a.Name
		c.Sentence = textf("En toda la reproducción, %s es más rápida que %s: %s de %s frente a %s ms, con una confianza del 95 %%.", "Over the whole replay, %s is faster than %s: %s %s against %s ms, with 95 %% confidence.",
			a.Name, b.Name, percentile(o), short(a.Latency.Value), short(b.Latency.Value))
	}
	return c
}

// ratio is the logarithm of how many times a's quantile is b's, and half of its confidence interval: of the same resampled
// seconds for both.
func ratio(a, b []batch, q float64) (value, half float64) {
	of := func(pick func(int) int) float64 {
		var one, other latency.Histogram
		for i := range a {
			one.Merge(&a[pick(i)].latency)
			other.Merge(&b[pick(i)].latency)
		}
		if one.Count() == 0 || other.Count() == 0 {
			return 0
		}
		return math.Log(milliseconds(&one, q) / milliseconds(&other, q))
	}
	dice := chance()
	values := make([]float64, resamples)
	for i := range values {
		picked := make([]int, len(a))
		for j := range picked {
			picked[j] = dice.IntN(len(a))
		}
		values[i] = of(func(j int) int { return picked[j] })
	}
	_, squares := moments(values)
	k := float64(len(a))
	deviate := math.Sqrt(squares / resamples * k / (k - 1))
	return of(func(i int) int { return i }), student(len(a)-1)*deviate + halfBucket*math.Ln2
}
