package faults

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAFunctionIsTerminated(t *testing.T) {
	const (
		limit    = 10 * time.Second
		lameDuck = time.Second // half of what the functions go on serving for
	)
	r := load(t, nil)
	for _, name := range []string{"api1", "api2"} {
		at := time.Now()
		if err := r.Terminate(name); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(at); took > limit {
			t.Errorf("%s took %s to end", name, took)
		}
		r.goesOn(t, name)
		r.restart(t, name)
		r.progress(t, name+" is back")
		byIt := func(a attempt) bool { return a.verdict() == stored && a.api == name }
		if r.inFlight(at, byIt) == 0 {
			t.Errorf("%s had nothing in flight", name)
		}
		if r.count(func(a attempt) bool { return a.began.After(at) && a.began.Before(at.Add(lameDuck)) && byIt(a) }) == 0 {
			t.Errorf("%s served nothing that came after its SIGTERM", name)
		}
		var lost []string
		r.count(func(a attempt) bool {
			is := a.ended.After(at) && a.began.Before(at.Add(lameDuck)) && a.verdict() == unknown
			if is {
				lost = append(lost, fmt.Sprintf("from %s to %s: %s; the entry point: %s", a.began.Sub(at), a.ended.Sub(at), a, r.entrySaid(t, a)))
			}
			return is
		})
		if len(lost) > 0 {
			t.Errorf("%s, at %s, left requests without an answer that were in flight or came while it had to serve; after its SIGTERM\n%s",
				name, r.API(name), strings.Join(lost, "\n"))
		}
	}
	rows := map[identity]bool{}
	for _, row := range r.settle(t) {
		rows[identify(row.Sample)] = true
	}
	// Without a key there is one attempt. The entry point may find a door shut, but what was let in is answered.
	for _, p := range r.parcels {
		if p.key == "" && p.attempts[0].verdict() == unknown && rows[identify(p.samples[0])] {
			t.Errorf("%v was stored and its answer lost", identify(p.samples[0]))
		}
	}
}
