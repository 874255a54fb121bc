package history

import (
	"errors"
	"fmt"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
)

// How long a time may be, in milliseconds, that is answered from the samples, and from the minutes.
const (
	second       = 1000
	minute       = 60 * second
	hour         = 60 * minute
	day          = 24 * hour
	mostOfSample = hour
	mostOfMinute = 14 * day
)

// roundSteps are the steps up to a day that divide a person's clock; after them they double.
var roundSteps = []int64{
	1, 2, 5, 10, 20, 50, 100, 200, 500,
	second, 2 * second, 3 * second, 5 * second, 10 * second, 15 * second, 20 * second, 30 * second,
	minute, 2 * minute, 3 * minute, 5 * minute, 10 * minute, 15 * minute, 20 * minute, 30 * minute,
	hour, 2 * hour, 3 * hour, 4 * hour, 6 * hour, 8 * hour, 12 * hour, day,
}

// lastMilli is the last moment of `hora`.
var lastMilli = time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC).UnixMilli()

// plan is how a query is answered. Queries with equal plans have equal answers.
type plan struct {
	resolution event.Resolution
	steps      store.Steps
	points     int
}

// newPlan checks a query.
func newPlan(q event.HistoryQuery) (plan, error) {
	if err := checkTime(q.Host, q.From, q.To); err != nil {
		return plan{}, err
	}
	if q.Points < 1 || q.Points > event.HistoryPoints {
		return plan{}, fmt.Errorf("points is %d: it must be 1 to %d", q.Points, event.HistoryPoints)
	}
	p := plan{points: q.Points, steps: store.Steps{Host: q.Host, From: q.From.UnixMilli(), To: q.To.UnixMilli()}}
	switch length := p.steps.To - p.steps.From; {
	case length <= mostOfSample:
		p.resolution = event.ResolutionSample
	case length <= mostOfMinute:
		p.resolution = event.ResolutionMinute
	default:
		p.resolution = event.ResolutionHour
	}
	return p.cut(), nil
}

// checkTime checks what a history and an export are of.
func checkTime(host string, from, to sample.Hora) error {
	if host != "" {
		if err := sample.CheckHost(host); err != nil {
			return fmt.Errorf("host %w", err)
		}
	}
	const dated = " is missing, or outside the years 1970 to 9999; it must be a date like 2025-06-17 02:21:54"
	switch {
	case !inCalendar(from):
		return errors.New("from" + dated)
	case !inCalendar(to):
		return errors.New("to" + dated)
	case from.UnixMilli() >= to.UnixMilli():
		return fmt.Errorf("from is %s: it must be before to, %s", from, to)
	}
	return nil
}

func inCalendar(moment sample.Hora) bool {
	year := moment.UTC().Year()
	return year >= 1970 && year <= 9999
}

// stretches are the shortest steps that each resolution has.
var stretches = map[event.Resolution]int64{event.ResolutionSample: 1, event.ResolutionMinute: minute, event.ResolutionHour: hour}

// cut moves a plan's time out to whole steps: the shortest that its resolution has, and of which there are not too many.
func (p plan) cut() plan {
	step := int64(0)
	for i := 0; ; i++ {
		if i < len(roundSteps) {
			step = roundSteps[i]
		} else {
			step *= 2
		}
		first, last := p.steps.From/step, (p.steps.To+step-1)/step
		if step >= stretches[p.resolution] && last-first <= int64(p.points) {
			p.steps.From, p.steps.To, p.steps.Step = first*step, min(last*step, lastMilli), step
			return p
		}
	}
}

// coarser is the plan for the same time from the next resolution, and false when there is none.
func (p plan) coarser() (plan, bool) {
	switch p.resolution {
	case event.ResolutionSample:
		p.resolution = event.ResolutionMinute
	case event.ResolutionMinute:
		p.resolution = event.ResolutionHour
	default:
		return p, false
	}
	return p.cut(), true
}

// rollup is the table of the plan's resolution; empty for that of the samples.
func (p plan) rollup() store.Rollup {
	return map[event.Resolution]store.Rollup{event.ResolutionMinute: store.ByMinute, event.ResolutionHour: store.ByHour}[p.resolution]
}
