package work

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// used runs Do on a thread of its own and says how much CPU time that thread has spent.
func used(t *testing.T, cost Cost) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := threadCPU()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(cost).Do(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	after, err := threadCPU()
	if err != nil {
		t.Fatal(err)
	}
	return after - before
}

// tolerance is for what is not work: a chunk too many, giving the memory back, the race detector.
const tolerance = 3 * time.Millisecond

func TestCPU(t *testing.T) {
	for _, c := range []Cost{{}, {CPU: 4 * time.Millisecond}, {CPU: 4 * time.Millisecond, Memory: 1}, {CPU: 80 * time.Millisecond, Memory: 8}} {
		if got := used(t, c); got < c.CPU || got > c.CPU+tolerance {
			t.Errorf("%+v used %s", c, got)
		}
	}
}

// Contention stretches the time that it takes, and not the work.
func TestCPUUnderContention(t *testing.T) {
	const cost = 100 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	var others, begun sync.WaitGroup
	for range 4 * runtime.NumCPU() {
		begun.Add(1)
		others.Go(func() {
			begun.Done()
			_, _ = New(Cost{CPU: time.Hour}).Do(ctx, time.Now()) // until it is stopped
		})
	}
	begun.Wait()
	begin := time.Now()
	got := used(t, Cost{CPU: cost})
	took := time.Since(begin)
	stop()
	others.Wait()
	if got < cost || got > cost+tolerance {
		t.Errorf("used %s instead of %s", got, cost)
	}
	if took < cost*3/2 {
		t.Errorf("took %s among %d others: there was no contention", took, 4*runtime.NumCPU())
	}
}

func TestMemoryIsResidentAndGivenBack(t *testing.T) {
	const size = 64
	before := residentMiB(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := New(Cost{CPU: time.Hour, Memory: size}).Do(ctx, time.Now())
		done <- err
	}()
	await(t, "the memory is resident", func() bool { return residentMiB(t) >= before+size })
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if after := residentMiB(t); after > before+size/2 {
		t.Errorf("resident memory went from %d to %d MiB and stayed there", before, after)
	}
}

func TestClientGoneWhileTouching(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	begin := residentMiB(t)
	if _, err := New(Cost{Memory: 1024}).Do(ctx, time.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got := residentMiB(t); got > begin+64 {
		t.Errorf("resident memory went from %d to %d MiB for nobody", begin, got)
	}
}

func TestTooMuchMemory(t *testing.T) {
	if _, err := New(Cost{Memory: 1 << 34}).Do(t.Context(), time.Now()); err == nil || !strings.Contains(err.Error(), "MiB") {
		t.Errorf("error %v", err)
	}
}

// residentMiB is the resident memory of this process.
func residentMiB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(rest, "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return kib / 1024
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("waited 20 s in vain: %s", what)
}
