package history

import (
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
)

// compose makes the answer of what was read; Now is the asker's.
func compose(p plan, past store.Past, routes []store.RouteTotal) event.History {
	answer := event.History{
		Host: p.steps.Host, From: hora(p.steps.From), To: hora(p.steps.To),
		Step: float64(p.steps.Step) / second, Resolution: p.resolution,
		Buckets: make([]event.Bucket, len(past.Stretches)), Routes: make([]event.RouteStats, len(routes)),
	}
	for i, s := range past.Stretches {
		answer.Buckets[i] = bucketOf(s)
	}
	states := [...]*event.StateRange{&answer.States.Corriendo, &answer.States.Durmiendo, &answer.States.Zombie, &answer.States.Parados}
	for i, state := range states {
		*state = stateOf(past, i)
	}
	for i, r := range routes {
		answer.Routes[i] = event.RouteStats(r)
	}
	return answer
}

func hora(milli int64) sample.Hora { return sample.NewHora(time.UnixMilli(milli)) }

func bucketOf(s store.Stretch) event.Bucket {
	b := event.Bucket{Hora: hora(s.Begins), Samples: s.Samples, CPU: rangeOf(s.CPU, s.Samples), RAM: rangeOf(s.RAM, s.Samples)}
	for i, state := range [...]*event.Range{&b.Corriendo, &b.Durmiendo, &b.Zombie, &b.Parados} {
		*state = rangeOf(s.States[i], s.Samples)
	}
	return b
}

func rangeOf(s store.Spread, samples int64) event.Range {
	return event.Range{Min: s.Min, Avg: s.Sum / float64(samples), Max: s.Max}
}

// stateOf is one state in the whole time.
func stateOf(past store.Past, state int) event.StateRange {
	var whole store.Spread
	var samples int64
	for i, s := range past.Stretches {
		part := s.States[state]
		if i == 0 {
			whole = part
		} else {
			whole.Merge(part)
		}
		samples += s.Samples
	}
	if samples == 0 {
		return event.StateRange{}
	}
	found := event.StateRange{Range: rangeOf(whole, samples)}
	if newest := past.NonZero[state]; newest.Value != 0 {
		found.NonZero = &event.Seen{Hora: sample.NewHora(newest.Hora), Value: newest.Value}
	}
	return found
}
