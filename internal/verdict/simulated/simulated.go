// Package simulated makes runs of VMs whose capacity is known by construction: a closed crowd of users, who think, ask, wait
// and think again, in front of workers, a lock, CPUs and memory, one event after the other. The verdict's tests and its
// benchmark hold the method against them.
package simulated

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/pulso-lab/pulso/internal/run"
)

// VM is what is put under load. The zero value of a part is its absence.
type VM struct {
	CPUs    int
	CPU     time.Duration // of a request, on average
	Workers int           // requests that are worked on at once; the others wait in order
	Hold    time.Duration // that a request keeps its worker, beyond the CPU time
	Lock    time.Duration // that a request works alone, on average
	Memory  int           // requests whose memory there is; others fail at once
}

// Load is how the VM is put under it.
type Load struct {
	Seed     uint64
	Users    int           // asked about
	Ramp     bool          // from an eighth of them up, until the throughput no longer grows; else all at once
	Most     int           // users that a ramp ends with, however it goes; 0 for none
	Hold     time.Duration // of each step
	Troubled bool          // every now and then something else takes the machine for some seconds
}

const (
	thinkMin, thinkMax = 1.0, 2.0 // seconds
	spawnRate          = 60.0     // users a second
	baseCPU            = 3.0      // percent, of whatever else runs
	baseRAM            = 30.0
	fullRAM            = 97.0 // with all the memory taken
	pace               = math.Sqrt2
)

// Run simulates a whole run.
func Run(vm VM, load Load) run.Run {
	c := newCrowd(vm, load)
	if load.Ramp {
		c.ramp()
	} else {
		c.hold(load.Users)
	}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return run.Run{
		Header: run.Header{
			Version: run.Version, ID: fmt.Sprintf("simulated-%d", load.Seed), Phase: run.PhaseEnter,
			VM: run.VM{Host: "simulated", CPUs: vm.CPUs, RAM: 4096, Processes: 32768},
			Protocol: run.Protocol{
				Users: load.Users, SpawnRate: spawnRate, WaitMin: thinkMin, WaitMax: thinkMax, Ramp: load.Ramp, Speed: 1,
				Target: "http://simulated:8082/trabajo", Objective: run.DefaultObjective,
			},
			Start: start, End: start.Add(time.Duration(len(c.seconds)) * time.Second),
		},
		Seconds: c.seconds,
	}
}

// crowd is the users and what they ask.
type crowd struct {
	vm      VM
	load    Load
	dice    *rand.Rand
	now     float64 // seconds
	agenda  agenda
	wanted  int // users
	present int
	seconds []run.Second
	target  run.Target // of this second

	workers, lock, cpus station
	memory              int     // requests that hold theirs
	busy                float64 // CPU time of this second, in seconds
	trouble, calm       float64 // when the next trouble begins, and the present one ends
}

func newCrowd(vm VM, load Load) *crowd {
	c := &crowd{vm: vm, load: load, dice: rand.New(rand.NewPCG(load.Seed, 7)), trouble: math.Inf(1)} //nolint:gosec // a simulation
	c.workers.free, c.lock.free, c.cpus.free = vm.Workers, 1, vm.CPUs
	if load.Troubled {
		c.trouble = 4
	}
	return c
}

// ramp steps the users up as the load scripts do: until two steps in a row brought next to nothing.
func (c *crowd) ramp() {
	best, flat := 0.0, 0
	for step := float64(c.load.Users) / 8; flat < 2; step *= pace {
		users := max(1, int(math.Round(step)))
		if c.load.Most > 0 && users > c.load.Most {
			return
		}
		good := c.hold(users)
		flat++
		if good >= 1.1*best {
			flat = 0
		}
		best = max(best, good)
	}
}

// hold keeps a number of users for a step's time, and says how much they got in a second.
func (c *crowd) hold(users int) float64 {
	for i := c.wanted; i < users; i++ {
		c.at(float64(i-c.wanted)/spawnRate, func() {
			c.present++
			c.turn()
		})
	}
	c.wanted = users
	for c.present != users {
		c.second()
	}
	begin := len(c.seconds)
	good := int64(0)
	for len(c.seconds) < begin+int(c.load.Hold.Seconds()) {
		c.second()
		target := c.seconds[len(c.seconds)-1].Targets[0]
		good += target.Requests - target.Failures
	}
	return float64(good) / c.load.Hold.Seconds()
}

// second lets one second pass and notes it.
func (c *crowd) second() {
	end := float64(len(c.seconds) + 1)
	for len(c.agenda) > 0 && c.agenda[0].at < end {
		next := heap.Pop(&c.agenda).(event)
		c.now = next.at
		next.do()
	}
	c.now = end
	taken := 0.0
	if c.vm.Memory > 0 {
		taken = float64(c.memory) / float64(c.vm.Memory)
	}
	cpu := baseCPU + 100*c.busy/float64(max(1, c.vm.CPUs)) + c.dice.NormFloat64()
	if c.troubled() {
		cpu = 100
	}
	c.target.Name = "workload"
	c.seconds = append(c.seconds, run.Second{
		Second: len(c.seconds), Users: c.present, Generator: 20,
		Vitals: &run.Vitals{
			Hora: time.Date(2026, 3, 1, 12, 0, len(c.seconds), 0, time.UTC).Format(time.DateTime),
			CPU:  min(100, max(0, cpu)), RAM: baseRAM + (fullRAM-baseRAM)*taken, Running: 1, Processes: 120,
		},
		Targets: []run.Target{c.target},
	})
	c.target, c.busy = run.Target{}, 0
}

// turn is a user's: it asks, and comes back after thinking, or leaves where there are too many.
func (c *crowd) turn() {
	if c.present > c.wanted {
		c.present--
		return
	}
	asked := c.now
	c.request(func(ok bool) {
		c.target.Requests++
		if ok {
			c.target.Latency.Observe(time.Duration((c.now - asked + 0.001) * float64(time.Second)))
		} else {
			c.target.Failures++
		}
		c.at(thinkMin+(thinkMax-thinkMin)*c.dice.Float64(), c.turn)
	})
}

// request passes through all that the VM has, and calls done.
func (c *crowd) request(done func(ok bool)) {
	if c.vm.Memory > 0 && c.memory == c.vm.Memory {
		done(false)
		return
	}
	c.memory++
	c.pass(&c.workers, c.vm.Workers > 0, func() float64 { return 0 }, func(leave func()) {
		c.pass(&c.lock, c.vm.Lock > 0, func() float64 { return c.around(c.vm.Lock) }, func(unlock func()) {
			unlock()
			c.compute(func() {
				c.at(c.vm.Hold.Seconds(), func() {
					c.memory--
					leave()
					done(true)
				})
			})
		})
	})
}

// pass waits for a station, stays there for some seconds, and goes on with what gives the place back. Where there is no such
// station, it goes on at once.
func (c *crowd) pass(s *station, exists bool, stay func() float64, then func(leave func())) {
	if !exists {
		then(func() {})
		return
	}
	s.enter(func() { c.at(stay(), func() { then(s.leave) }) })
}

// compute takes a CPU for the request's time; in trouble it gets only a quarter of one.
func (c *crowd) compute(then func()) {
	if c.vm.CPU == 0 {
		then()
		return
	}
	c.cpus.enter(func() {
		takes := c.around(c.vm.CPU)
		c.busy += takes
		if c.troubled() {
			takes *= 4
		}
		c.at(takes, func() {
			c.cpus.leave()
			then()
		})
	})
}

// troubled says whether something else has the machine now: some three seconds of every twelve.
func (c *crowd) troubled() bool {
	if c.now >= c.trouble {
		c.calm = c.now + 2 + 4*c.dice.Float64()
		c.trouble = c.calm + 4 + 6*c.dice.Float64()
	}
	return c.now < c.calm
}

// around is a time with that mean, from half of it to half as much again.
func (c *crowd) around(mean time.Duration) float64 { return mean.Seconds() * (0.5 + c.dice.Float64()) }

// at does something after some seconds.
func (c *crowd) at(seconds float64, do func()) {
	heap.Push(&c.agenda, event{c.now + seconds, len(c.agenda), do})
}

// station is places for which requests wait in order.
type station struct {
	free    int
	waiting []func()
}

func (s *station) enter(do func()) {
	if s.free == 0 {
		s.waiting = append(s.waiting, do)
		return
	}
	s.free--
	do()
}

func (s *station) leave() {
	if len(s.waiting) == 0 {
		s.free++
		return
	}
	next := s.waiting[0]
	s.waiting = s.waiting[1:]
	next()
}

type event struct {
	at    float64
	order int // of two at the same time
	do    func()
}

// agenda is what is to happen, the next first.
type agenda []event

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push is heap.Interface's.
func (a *agenda) Push(e any) { *a = append(*a, e.(event)) }

// Pop is heap.Interface's.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
