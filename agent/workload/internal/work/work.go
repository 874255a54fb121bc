// Package work is what one request costs: an exact amount of CPU time, memory that is really resident, and time that it
// waits, for itself or with a lock.
//
// CPU time is that of the thread which works, so that a crowded machine makes a request take longer and never makes
// it cheaper: the load grows with the users alone. Memory is mapped for each request and given back after it,
// outside Go's heap, so that resident memory follows the requests and not the garbage collector.
package work

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Cost is what one request uses.
type Cost struct {
	CPU    time.Duration // CPU time of one thread, 0 or more
	Memory int           // MiB, 0 or more
	Hold   time.Duration // time that it waits, as for another service
	Lock   time.Duration // time that it waits with the lock that all requests share, as for one row of a database
}

// Work is what requests do that share a lock.
type Work struct {
	cost Cost
	lock turns
}

// New is work of a cost.
func New(cost Cost) *Work { return &Work{cost: cost, lock: newTurns(1)} }

const (
	mib = 1 << 20
	// chunk is how many steps are computed between two looks at the clock, some 10 µs: a request overshoots by one
	// chunk at most, and a look costs well under a tenth of it.
	chunk = 16 << 10
	// touchAtOnce is how many pages are touched between two looks at ctx.
	touchAtOnce = 256
)

// Do costs what one request costs, first CPU time, then waiting, then waiting with the lock, and has the memory until the
// end. Touching the memory counts as CPU time; where that alone takes longer than the cost's CPU time, the request costs
// what the touching costs. It returns early, with ctx's error, when ctx ends, and fails when the machine has not that
// much memory to give.
//
// It takes and returns times of its turn: when that began, and when it has ended.
func (w *Work) Do(ctx context.Context, began time.Time) (ended time.Time, err error) {
	called := time.Now()
	var memory []byte
	if w.cost.Memory > 0 {
		memory, err = unix.Mmap(-1, 0, w.cost.Memory*mib, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return time.Now(), fmt.Errorf("map %d MiB: %w", w.cost.Memory, err)
		}
		defer func() { _ = unix.Munmap(memory) }() // fails only for a mapping that is not ours
	}
	if err := use(ctx, memory, w.cost.CPU); err != nil {
		return time.Now(), err
	}
	ended, err = wait(ctx, began.Add(time.Since(called)), w.cost.Hold)
	if err != nil || w.cost.Lock == 0 {
		return ended, err
	}
	began, err = w.lock.take(ctx, ended)
	if err != nil {
		return time.Now(), err
	}
	ended, err = wait(ctx, began, w.cost.Lock)
	w.lock.give(ended)
	return ended, err
}

// use touches the memory and burns the rest of the CPU time.
func use(ctx context.Context, memory []byte, cpu time.Duration) error {
	runtime.LockOSThread() // the CPU clock is the thread's: the goroutine must stay on it, alone
	defer runtime.UnlockOSThread()
	begin, err := threadCPU()
	if err != nil {
		return err
	}
	if err := touch(ctx, memory); err != nil {
		return err
	}
	return burn(ctx, begin+cpu)
}

// touch writes to every page, which makes the kernel give it.
func touch(ctx context.Context, memory []byte) error {
	page := os.Getpagesize()
	for i := 0; i < len(memory); i += page {
		memory[i] = 1
		if i%(page*touchAtOnce) == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// burn computes until the thread has used CPU time up to a moment on its own clock.
func burn(ctx context.Context, until time.Duration) error {
	state := uint64(1)
	for {
		now, err := threadCPU()
		if err != nil {
			return err
		}
		if now >= until {
			runtime.KeepAlive(state)
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		state = compute(state)
	}
}

// compute takes one chunk of steps (xorshift: nothing that a compiler or a CPU can skip, no memory).
func compute(state uint64) uint64 {
	for range chunk {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
	}
	return state
}

// threadCPU is the CPU time that the calling thread has used since it began.
func threadCPU() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0, fmt.Errorf("read the thread's CPU clock: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}
