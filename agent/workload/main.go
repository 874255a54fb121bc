// Workload stands for the application that the VM is meant to carry: each request to /trabajo uses a known amount of
// CPU time and memory, and waits for a known time, so that a crowd of users makes a load that can be computed beforehand,
// and what the VM can carry, too: k places of t seconds carry k/t requests a second, a lock of t seconds 1/t.
//
// It is plain net/http, without anything that would add a cost of its own to what it is asked to cost.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/pulso-lab/pulso/agent/workload/internal/work"
	"github.com/pulso-lab/pulso/internal/service"
)

func main() { service.Main("workload", run) }

// run serves until ctx ends.
func run(ctx context.Context, log *slog.Logger, env *service.Env) error {
	address := env.Listen(8082)
	cost := work.Cost{
		CPU:    env.Duration("PULSO_WORK_CPU", 4*time.Millisecond, 0, 10*time.Second),
		Memory: env.Int("PULSO_WORK_MEMORY", 1, 0, 1024),
		Hold:   env.Duration("PULSO_WORK_HOLD", 0, 0, 10*time.Second),
		Lock:   env.Duration("PULSO_WORK_LOCK", 0, 0, 10*time.Second),
	}
	concurrency := env.Int("PULSO_WORK_CONCURRENCY", 64, 1, 4096)
	queue := env.Int("PULSO_WORK_QUEUE", 0, 0, 4096)
	if err := env.Err(); err != nil {
		return err
	}
	env.Log(log)
	letKernelSchedule(concurrency)
	ln, err := service.Listen(ctx, address)
	if err != nil {
		return err
	}
	ready := service.NewReadiness(nil)
	return service.Serve(ctx, ln, routes(work.NewHandler(cost, concurrency, queue, log), ready), log, ready)
}

// letKernelSchedule gives each request that works a processor of Go's own, and some to spare, so that the kernel shares
// out the CPUs. With one per CPU, requests that arrive would wait inside Go's scheduler until somebody finishes: the
// places would never look full, and neither refusals nor /health would come at once.
func letKernelSchedule(concurrency int) { runtime.GOMAXPROCS(concurrency + runtime.NumCPU()) }

// routes is the workload's handler.
func routes(trabajo, ready http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/trabajo", get(trabajo))
	mux.Handle("/health", get(http.HandlerFunc(service.Health)))
	mux.Handle("/ready", get(ready))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		service.WriteError(w, http.StatusNotFound, service.Error{
			Code: "no_encontrado", Message: "there is /trabajo, /health and /ready",
		})
	})
	return mux
}

// get refuses other methods than GET and HEAD, in the shape of every error here.
func get(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			service.WriteError(w, http.StatusMethodNotAllowed, service.Error{
				Code: "metodo", Message: "this path takes GET, HEAD",
			})
			return
		}
		next.ServeHTTP(w, r)
	})
}
