package simulated

import (
	"fmt"
	"time"

	"github.com/pulso-lab/pulso/internal/verdict"
)

// Case is a VM whose capacity and bottleneck are known.
type Case struct {
	Name     string
	VM       VM
	Users    int     // to ask about, some beneath the knee and some beyond
	Capacity float64 // good answers a second
	Resource verdict.Resource
}

// Known is ten of them, over what can end a VM's throughput.
func Known() []Case {
	const ms = time.Millisecond
	workers := func(k int, t time.Duration, users int) Case {
		return Case{
			fmt.Sprintf("%d workers of %s", k, t), VM{CPUs: 4, CPU: ms, Workers: k, Hold: t - ms},
			users, float64(k) / t.Seconds(), verdict.Application,
		}
	}
	cpus := func(n int, t time.Duration, users int) Case {
		return Case{fmt.Sprintf("%d CPUs, %s each", n, t), VM{CPUs: n, CPU: t}, users, float64(n) / t.Seconds(), verdict.CPU}
	}
	lock := func(t time.Duration, users int) Case {
		return Case{fmt.Sprintf("a lock of %s", t), VM{CPUs: 4, CPU: ms, Lock: t}, users, 1 / t.Seconds(), verdict.Application}
	}
	memory := func(n int, t time.Duration, users int) Case {
		return Case{
			fmt.Sprintf("memory for %d requests of %s", n, t), VM{CPUs: 4, CPU: ms, Memory: n, Hold: t - ms},
			users, float64(n) / t.Seconds(), verdict.Memory,
		}
	}
	return []Case{
		workers(4, 20*ms, 200), workers(16, 100*ms, 300), workers(2, 50*ms, 80),
		cpus(1, 10*ms, 150), cpus(2, 20*ms, 100), cpus(8, 25*ms, 600),
		lock(20*ms, 60), lock(8*ms, 250),
		memory(40, 200*ms, 300), memory(20, 100*ms, 200),
	}
}
