// Package work is what one request costs: an exact amount of CPU time, and memory that is really resident.
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
}

const (
	mib = 1 << 20
	// chunk is how many steps are computed between two looks at the clock, some 10 µs: a request overshoots by one
	// chunk at most, and a look costs well under a tenth of it.
	chunk = 16 << 10
	// touchAtOnce is how many pages are touched between two looks at ctx.
	touchAtOnce = 256
)

// Do uses cost and returns. Touching the memory counts as CPU time; where that alone takes longer than cost.CPU, the
// request costs what the touching costs. It returns early, with ctx's error, when ctx ends, and fails when the
// machine has not that much memory to give.
func Do(ctx context.Context, cost Cost) (err error) {
	runtime.LockOSThread() // the CPU clock is the thread's: the goroutine must stay on it, alone
	defer runtime.UnlockOSThread()
	begin, err := threadCPU()
	if err != nil {
		return err
	}
	if cost.Memory > 0 {
		memory, err := unix.Mmap(-1, 0, cost.Memory*mib, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return fmt.Errorf("map %d MiB: %w", cost.Memory, err)
		}
		defer func() { _ = unix.Munmap(memory) }() // fails only for a mapping that is not ours
		if err := touch(ctx, memory); err != nil {
			return err
		}
	}
	return burn(ctx, begin+cost.CPU)
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
