// Package account holds what was acknowledged against what is stored, and prints it for a person.
package account

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/internal/phase"
	"github.com/pulso-lab/pulso/internal/store"
)

// Account is the result of both phases.
type Account struct {
	Sent    phase.Summary
	Stored  map[string]int // rows of the run in the database, by route
	Missing []int64        // ids that were acknowledged and are not in the database
	Others  int            // rows that came meanwhile and that no acknowledgement of this run names
	Named   int            // different ids among the acknowledgements
	Took    time.Duration
}

// Last is the highest id in the database, 0 when it is empty.
func Last(ctx context.Context, db *store.Store) (int64, error) {
	last, err := db.Settled(ctx, 0)
	if err != nil {
		return 0, err
	}
	err = each(ctx, db, last, func(v store.Visible) { last = v.ID })
	return last, err
}

// Make compares phase 2's summary with the rows whose id is over before.
func Make(ctx context.Context, db *store.Store, before int64, sent phase.Summary) (Account, error) {
	acknowledged := map[int64]bool{}
	for _, id := range sent.AcknowledgedIDs {
		acknowledged[id] = true
	}
	r := Account{Sent: sent, Stored: map[string]int{}, Named: len(acknowledged)}
	err := each(ctx, db, before, func(v store.Visible) {
		r.Stored[v.API]++
		if !acknowledged[v.ID] {
			r.Others++
		}
		delete(acknowledged, v.ID)
	})
	r.Missing = slices.Sorted(maps.Keys(acknowledged))
	return r, err
}

// each calls f for every row over before.
func each(ctx context.Context, db *store.Store, before int64, f func(store.Visible)) error {
	const page = 5000
	for {
		rows, err := db.RowsAfter(ctx, before, nil, page)
		if err != nil {
			return err
		}
		for _, v := range rows {
			f(v)
			before = v.ID
		}
		if len(rows) < page {
			return nil
		}
	}
}

// Total is the number of rows stored.
func (r Account) Total() int {
	total := 0
	for _, n := range r.Stored {
		total += n
	}
	return total
}

// Check is nil when every record of the run was acknowledged and is stored once.
func (r Account) Check() error {
	switch {
	case r.Sent.Left > 0 || r.Sent.Refused > 0:
		return fmt.Errorf("%d records were refused and %d are left of %d", r.Sent.Refused, r.Sent.Left, r.Sent.Records)
	case len(r.Missing) > 0:
		return fmt.Errorf("%d acknowledged rows are not in the database, the first with id %d", len(r.Missing), r.Missing[0])
	case r.Sent.Acknowledged != r.Named || r.Sent.Acknowledged != r.Sent.Records:
		return fmt.Errorf("%d of %d records were acknowledged, with %d different ids", r.Sent.Acknowledged, r.Sent.Records, r.Named)
	}
	return nil
}

// Print writes the result for a person.
func (r Account) Print(w io.Writer) {
	line := func(name, format string, values ...any) {
		_, _ = fmt.Fprintf(w, "  %-14s %s\n", name, fmt.Sprintf(format, values...)) // a terminal that is gone needs no result
	}
	_, _ = fmt.Fprintln(w, "\nResult")
	line("recorded", "%d records, %d distinct samples", r.Sent.Records, r.Sent.DistinctSamples)
	line("sent", "%d acknowledged, %d retried, %d refused in %.1f s", r.Sent.Acknowledged, r.Sent.Retried, r.Sent.Refused, r.Sent.Seconds)
	line("stored", "%d rows (%s)", r.Total(), r.split())
	if r.Others > 0 {
		line("others", "%d of them are not of this run: somebody else sent samples meanwhile", r.Others)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Sent.Routes)) {
		route := r.Sent.Routes[name]
		line(name, "%.1f %%, p50 %.1f ms, p95 %.1f ms, p99 %.1f ms, as the users saw it", route.Share, route.P50, route.P95, route.P99)
	}
	if err := r.Check(); err != nil {
		line("CHECK FAILED", "%s", err)
	} else {
		line("check", "every acknowledged sample is in the database, once")
	}
	line("took", "%s", r.Took.Round(time.Second))
}

func (r Account) split() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.Stored)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, r.Stored[name]))
	}
	return strings.Join(parts, ", ")
}
