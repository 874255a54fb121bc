package hub

import (
	"cmp"
	"slices"
	"time"

	"github.com/pulso-lab/pulso/internal/event"
	"github.com/pulso-lab/pulso/internal/sample"
)

// windows is the live window of every host: the rows of the last event.WindowSeconds before its newest `hora`, each
// sample as the first row that brought it.
type windows struct {
	newest map[string]time.Time // each host's `hora`
	rows   []sample.Row         // in order of id; some may have fallen out of their window since the last prune
	seen   map[identity]bool    // those in rows
	full   int                  // prune when there are more rows
}

// identity says which rows are one sample.
type identity struct {
	host      string
	secuencia int64
}

// identify says which sample a row is. A row without host or secuencia is one of its own.
func identify(row *sample.Row) (identity, bool) {
	if row.Host == "" || row.Secuencia == nil {
		return identity{}, false
	}
	return identity{row.Host, *row.Secuencia}, true
}

// pruneAt is a number of rows that may be there in vain.
const pruneAt = 1000

// add merges rows, which are in order of id.
func (w *windows) add(rows []sample.Row) {
	if w.newest == nil {
		w.newest, w.seen, w.full = map[string]time.Time{}, map[identity]bool{}, pruneAt
	}
	for i := range rows {
		row := &rows[i]
		if row.Hora.After(w.newest[row.Host]) {
			w.newest[row.Host] = row.Hora.Time
		}
		if w.past(row) || w.known(row) {
			continue
		}
		w.insert(row)
	}
	if len(w.rows) > w.full {
		w.rows = w.current()
		w.seen = make(map[identity]bool, len(w.rows))
		for i := range w.rows {
			if which, ok := identify(&w.rows[i]); ok {
				w.seen[which] = true
			}
		}
		w.full = 2*len(w.rows) + pruneAt
		w.forgetHosts()
	}
}

// known says whether the row's sample is there already, and notes it if not.
func (w *windows) known(row *sample.Row) bool {
	which, ok := identify(row)
	if !ok {
		return false
	}
	known := w.seen[which]
	w.seen[which] = true
	return known
}

func (w *windows) insert(row *sample.Row) {
	i := len(w.rows)
	if i > 0 && row.ID <= w.rows[i-1].ID { // it became visible late, or was read again
		var there bool
		i, there = slices.BinarySearchFunc(w.rows, row.ID, func(r sample.Row, id int64) int { return cmp.Compare(r.ID, id) })
		if there {
			return
		}
	}
	w.rows = slices.Insert(w.rows, i, *row)
}

// past says whether a row lies before its host's window.
func (w *windows) past(row *sample.Row) bool {
	return w.newest[row.Host].Sub(row.Hora.Time) > event.WindowSeconds*time.Second
}

// current is a copy of the rows that are in their windows, the newest event.SnapshotRows; never nil.
func (w *windows) current() []sample.Row {
	rows := make([]sample.Row, 0, len(w.rows))
	for i := range w.rows {
		if !w.past(&w.rows[i]) {
			rows = append(rows, w.rows[i])
		}
	}
	return rows[max(0, len(rows)-event.SnapshotRows):]
}

// forgetHosts drops the hosts of which no row is left, so that names without end hold no memory.
func (w *windows) forgetHosts() {
	left := make(map[string]time.Time)
	for i := range w.rows {
		left[w.rows[i].Host] = w.newest[w.rows[i].Host]
	}
	w.newest = left
}
