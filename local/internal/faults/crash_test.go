package faults

import (
	"testing"
	"time"

	"github.com/pulso-lab/pulso/local/internal/system"
)

// others is the route that stays.
var others = map[string]string{"api1": "api2", "api2": "api1"}

func TestTheDatabaseIsKilled(t *testing.T) {
	for name, way := range writers {
		t.Run(name, func(t *testing.T) {
			r := load(t, way.more)
			r.writes(t, way.api1, way.api2)
			at := r.kill(t, system.Database)
			r.await(t, "while the database is away", func(since tally) bool { return since.verdicts[notStored] >= steady })
			r.restart(t, system.Database)
			r.settle(t)
			r.wasCut(t, at)
		})
	}
}

func TestAFunctionIsKilled(t *testing.T) {
	r := load(t, nil)
	for _, name := range []string{"api1", "api2"} {
		at := r.kill(t, name)
		r.goesOn(t, name)
		r.restart(t, name)
		r.progress(t, name+" is back")
		r.wasCut(t, at)
	}
	r.settle(t)
}

// wasCut fails the test unless a request was in flight at a moment and was not acknowledged.
func (r *rig) wasCut(t *testing.T, at time.Time) {
	t.Helper()
	n := r.inFlight(at, func(a attempt) bool { return a.verdict() == unknown || a.verdict() == notStored })
	if n == 0 {
		t.Error("nothing was in flight when it was killed")
	}
	t.Logf("%d requests were in flight and not acknowledged", n)
}

// goesOn waits until the other route has acknowledged enough, while this one is away and the entry point does not know.
func (r *rig) goesOn(t *testing.T, away string) {
	t.Helper()
	r.await(t, "while "+away+" is away", func(since tally) bool {
		return since.routes[others[away]] >= steady && since.verdicts[unknown] > 0
	})
}
