package hub

import "github.com/pulso-lab/pulso/internal/sample"

// recentRows bounds the rows that are kept for clients that come back, the last tick apart.
const recentRows = 65_536

// recent is the last ticks, for clients that come back. The rows of a tick never change, so that readers share them.
type recent struct {
	ticks [][]sample.Row
	rows  int
	floor int64 // every row seen that has a higher id is there
}

func (r *recent) add(rows []sample.Row) {
	if len(rows) == 0 {
		return
	}
	r.ticks = append(r.ticks, rows)
	r.rows += len(rows)
	for len(r.ticks) > 1 && r.rows > recentRows {
		oldest := r.ticks[0]
		r.floor = max(r.floor, oldest[len(oldest)-1].ID)
		r.rows -= len(oldest)
		r.ticks[0] = nil
		r.ticks = r.ticks[1:]
	}
}

// after is the ticks that hold rows with an id over this one.
func (r *recent) after(id int64) [][]sample.Row {
	var ticks [][]sample.Row
	for _, tick := range r.ticks {
		if tick[len(tick)-1].ID > id {
			ticks = append(ticks, tick)
		}
	}
	return ticks
}
