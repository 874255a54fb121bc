// Package bench is what the benchmarks have in common: they start the programs that they measure, load them from one
// driver, and look in /proc at what that cost.
package bench

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Printf is Show outside tests.
type Printf func(format string, values ...any)

// Show prints for people and scripts.
func Show(format string, values ...any) { fmt.Printf(format, values...) }

// Together does the same n times at once, and returns the first error when all have ended.
func Together(n int, do func(i int) error) error {
	var group sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		group.Go(func() { errs <- do(i) })
	}
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Percentile is the smallest latency that p percent of them do not exceed. It sorts them; there must be one.
func Percentile(latencies []time.Duration, p int) time.Duration {
	slices.Sort(latencies)
	return latencies[(len(latencies)*p+99)/100-1]
}

// Median is the middle one of the values, or the mean of the two in the middle. There must be one.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[n/2] + sorted[(n-1)/2]) / 2
}
