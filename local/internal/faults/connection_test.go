package faults

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// fault is what may happen to a statement on one of a route's connections to the database.
type fault struct {
	statement string // how it begins
	fate      storetest.Fate
}

var cuts = []fault{
	{"INSERT INTO samples", storetest.Fate{Statement: storetest.Leg{Cut: true}}},
	{"INSERT INTO samples", storetest.Fate{Answer: storetest.Leg{Cut: true}}},
	{"COMMIT", storetest.Fate{Statement: storetest.Leg{Cut: true}}},
	{"COMMIT", storetest.Fate{Answer: storetest.Leg{Cut: true}}},
}

const (
	brief = 1200 * time.Millisecond // a delay that the service waits out
	long  = 9 * time.Second         // one that is over all of its deadlines
)

var delays = []fault{
	{"COMMIT", storetest.Fate{Answer: storetest.Leg{Delay: brief}}},
	{"COMMIT", storetest.Fate{Answer: storetest.Leg{Delay: long}}},
	{"INSERT INTO samples", storetest.Fate{Answer: storetest.Leg{Delay: long}}},
	{"COMMIT", storetest.Fate{Statement: storetest.Leg{Delay: long}}},
}

// saboteur makes faults happen at random, as long as it is on.
type saboteur struct {
	faults []fault
	every  int // of so many statements that may be hit one is
	most   int // of each fault and route

	mu       sync.Mutex
	on       bool
	random   *rand.Rand
	happened map[string][]int // by route, how often each fault
}

func newSaboteur(faults []fault, every, most int) *saboteur {
	return &saboteur{
		faults: faults, every: every, most: most, random: rand.New(rand.NewPCG(1, 2)),
		happened: map[string][]int{"api1": make([]int, len(faults)), "api2": make([]int, len(faults))},
	}
}

// between puts a proxy between each function and the database.
func (s *saboteur) between(t *testing.T, more environment) environment {
	return func(part, dsn string) []string {
		through := storetest.Between(t, dsn, func(statement string) storetest.Fate { return s.decide(part, statement) })
		variables := []string{"PULSO_DB_DSN=" + through}
		if more != nil {
			variables = append(variables, more(part, dsn)...)
		}
		return variables
	}
}

// decide takes, of the faults that can happen to a statement, the one that has happened least.
func (s *saboteur) decide(route, statement string) storetest.Fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	happened, rarest := s.happened[route], -1
	for i, f := range s.faults {
		if strings.HasPrefix(statement, f.statement) && happened[i] < s.most && (rarest < 0 || happened[i] < happened[rarest]) {
			rarest = i
		}
	}
	if !s.on || rarest < 0 || s.random.IntN(s.every) > 0 {
		return storetest.Fate{}
	}
	happened[rarest]++
	return s.faults[rarest].fate
}

func (s *saboteur) work(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = on
}

// least is how often the rarest fault has happened.
func (s *saboteur) least() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	least := s.most
	for _, counts := range s.happened {
		for _, n := range counts {
			least = min(least, n)
		}
	}
	return least
}

func TestConnectionsAreCut(t *testing.T) {
	const enough = 5 // of each kind, on each route
	for name, way := range writers {
		t.Run(name, func(t *testing.T) {
			s := newSaboteur(cuts, 6, 4*enough)
			r := load(t, s.between(t, way.more))
			r.writes(t, way.api1, way.api2)
			s.work(true)
			r.await(t, "while connections are cut", func(since tally) bool {
				return s.least() >= enough && since.verdicts[unknown] >= enough && since.verdicts[notStored] >= enough &&
					min(since.routes["api1"], since.routes["api2"]) >= steady
			})
			s.work(false)
			r.settle(t)
			t.Logf("cut: %v", s.happened)
		})
	}
}

func TestStatementsAndAnswersAreDelayed(t *testing.T) {
	s := newSaboteur(delays, 6, 1)
	r := load(t, s.between(t, nil))
	s.work(true)
	r.await(t, "while statements and answers are delayed", func(since tally) bool {
		return s.least() == 1 && min(since.routes["api1"], since.routes["api2"]) >= steady
	})
	s.work(false)
	r.settle(t)
	for _, route := range []string{"api1", "api2"} {
		waited := func(a attempt) bool { return a.verdict() == stored && a.api == route && a.ended.Sub(a.began) >= brief }
		if r.count(waited) == 0 {
			t.Errorf("%s acknowledged nothing after %s", route, brief)
		}
	}
	gaveUp := func(a attempt) bool { return a.verdict() == unknown && a.ended.Sub(a.began) >= brief }
	if r.count(gaveUp) < 2 {
		t.Errorf("%d requests had an unknown outcome after %s", r.count(gaveUp), brief)
	}
	const limit = long // for any answer: the deadlines are the service's and not the delays'
	if n := r.count(func(a attempt) bool { return a.ended.Sub(a.began) >= limit }); n > 0 {
		t.Errorf("%d requests were answered after %s", n, limit)
	}
}
