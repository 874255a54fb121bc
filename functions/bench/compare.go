package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// round is what each contender did in its turn.
type round map[string]measured

// ratio compares two contenders.
type ratio struct {
	name  string
	value func(round) float64
}

// rates is the ratio of two contenders' rows per second.
func rates(a, b string) ratio {
	return ratio{a + "/" + b, func(r round) float64 { return r[a].perSecond / r[b].perSecond }}
}

// costs is the ratio of the CPU time per row that two contenders and the database spend.
func costs(a, b string) ratio {
	return ratio{"CPU per row, " + a + "/" + b, func(r round) float64 { return r[a].cpu().Seconds() / r[b].cpu().Seconds() }}
}

// compare gives every contender its turns, prints the medians, and returns the medians of the ratios.
func (b *runner) compare(ctx context.Context, n int, contenders []contender, ratios ...ratio) ([]float64, error) {
	count := b.fewer
	if n == goal {
		count = b.rounds
	}
	rounds := make([]round, count)
	for i := range rounds {
		rounds[i] = round{}
		for j := range contenders {
			c := contenders[(i+j)%len(contenders)]
			var err error
			if rounds[i][c.name], err = measure(ctx, b.db, c, n, b.turn); err != nil {
				return nil, fmt.Errorf("%s, %d writers: %w", c.name, n, err)
			}
		}
	}
	elsewhere := 0.0
	for _, c := range contenders {
		b.line(n, c.name, func(value func(measured) float64) float64 {
			return median(rounds, func(r round) float64 { return value(r[c.name]) })
		})
		for _, r := range rounds {
			elsewhere = max(elsewhere, r[c.name].elsewhere)
		}
	}
	medians := make([]float64, len(ratios))
	for i, ratio := range ratios {
		medians[i] = median(rounds, ratio.value)
		least, most := ratio.value(slices.MinFunc(rounds, by(ratio.value))), ratio.value(slices.MaxFunc(rounds, by(ratio.value)))
		b.say("%11s %s %.2f (%.2f–%.2f in %d rounds)\n", "", ratio.name, medians[i], least, most, count)
	}
	if elsewhere > 15 {
		b.say("%11s WARNING: others used up to %.0f %% of the CPU time\n", "", elsewhere)
	}
	return medians, nil
}

// head is the table's first line.
func (b *runner) head(title string) {
	b.say("\n%s\n%7s %-12s %8s %9s %9s  %31s %9s\n%7s %-12s %8s %9s %9s  %9s %9s %11s %9s\n", title,
		"", "", "", "", "", "CPU time per row, µs", "rows per",
		"writers", "", "rows/s", "p50, ms", "p99, ms", "its own", "database", "both", "statement")
}

func (b *runner) line(n int, name string, of func(func(measured) float64) float64) {
	b.say("%7d %-12s %8.0f %9.2f %9.2f  %9.1f %9.1f %11.1f %9.1f\n", n, name,
		of(func(m measured) float64 { return m.perSecond }),
		of(func(m measured) float64 { return milli(m.p50) }), of(func(m measured) float64 { return milli(m.p99) }),
		of(func(m measured) float64 { return micro(m.own) }), of(func(m measured) float64 { return micro(m.database) }),
		of(func(m measured) float64 { return micro(m.cpu()) }), of(func(m measured) float64 { return m.perStatement }))
}

func milli(d time.Duration) float64 { return d.Seconds() * 1e3 }
func micro(d time.Duration) float64 { return d.Seconds() * 1e6 }

func by(value func(round) float64) func(a, b round) int {
	return func(a, b round) int { return cmp.Compare(value(a), value(b)) }
}

// median of an odd number of rounds.
func median(rounds []round, value func(round) float64) float64 {
	sorted := slices.SortedFunc(slices.Values(rounds), by(value))
	return value(sorted[len(sorted)/2])
}
