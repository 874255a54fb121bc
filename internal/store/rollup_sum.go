package store

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// maxIdentities bounds the samples of one minute that are known when they come again: 8,000 a second of one host, beyond
// which every row counts.
const maxIdentities = 500_000

// rollup is a row of samples_by_minute or samples_by_hour.
type rollup struct {
	host          string
	hora          time.Time
	samples, rows int64
	cpu, ram      Spread
	states        [len(States)]processes
}

// processes is one process state.
type processes struct {
	Spread
	last sql.NullInt64 // the newest number that was not zero, and of several of that moment the largest
	hora sql.NullTime
}

func (p *processes) merge(other *processes) {
	p.Merge(other.Spread)
	newer := other.hora.Time.After(p.hora.Time) || other.hora.Time.Equal(p.hora.Time) && other.last.Int64 > p.last.Int64
	if other.last.Valid && (newer || !p.last.Valid) {
		p.last, p.hora = other.last, other.hora
	}
}

// merge adds what other has of the same host.
func (r *rollup) merge(other *rollup) {
	r.samples += other.samples
	r.rows += other.rows
	r.cpu.Merge(other.cpu)
	r.ram.Merge(other.ram)
	for i := range r.states {
		r.states[i].merge(&other.states[i])
	}
}

var rollupColumns = func() string {
	columns := []string{"host", "hora", "samples", "stored_rows", "cpu_min", "cpu_sum", "cpu_max", "ram_min", "ram_sum", "ram_max"}
	for _, state := range States {
		columns = append(columns, state+"_min", state+"_sum", state+"_max", state+"_last", state+"_hora")
	}
	return strings.Join(columns, ", ")
}()

// fields are where rollupColumns go to and come from.
func (r *rollup) fields() []any {
	f := []any{
		&r.host, &r.hora, &r.samples, &r.rows,
		&r.cpu.Min, &r.cpu.Sum, &r.cpu.Max, &r.ram.Min, &r.ram.Sum, &r.ram.Max,
	}
	for i := range r.states {
		p := &r.states[i]
		f = append(f, &p.Min, &p.Sum, &p.Max, &p.last, &p.hora)
	}
	return f
}

// replaceRollups stores rollups, but for those that would replace one with more samples.
func replaceRollups(ctx context.Context, tx *sql.Tx, table string, rollups []rollup) error {
	if len(rollups) == 0 {
		return nil
	}
	var args []any
	for i := range rollups {
		args = append(args, rollups[i].fields()...)
	}
	_, err := tx.ExecContext(ctx, replaceUnlessFewer(table, rollupColumns, "samples", 2, len(rollups)), args...)
	return err
}

// replaceUnlessFewer inserts n rows, or replaces those whose first key columns are there already, unless there would be
// fewer of what then. MySQL assigns from left to right, other servers all at once: with the count at the end, its value
// before is what all of them compare.
func replaceUnlessFewer(table, columns, count string, key, n int) string {
	names := strings.Split(columns, ", ")
	var assign []string
	for _, name := range names[key:] {
		if name != count {
			assign = append(assign, name+" = IF(VALUES("+count+") < "+count+", "+name+", VALUES("+name+"))")
		}
	}
	assign = append(assign, count+" = GREATEST("+count+", VALUES("+count+"))")
	row := "(" + values("?", len(names)) + ")"
	return "INSERT INTO " + table + " (" + columns + ") VALUES " + values(row, n) + " ON DUPLICATE KEY UPDATE " + strings.Join(assign, ", ")
}

// vitals is what a row of `samples` says of its host.
type vitals struct {
	host      string
	hora      time.Time
	secuencia sql.NullInt64
	cpu, ram  float64
	states    [len(States)]int64
}

// selectVitals is what scan reads, along the index that is made for it: a server may otherwise read the whole table in
// order of id, where it thinks that a limit makes up for it.
const selectVitals = `SELECT host, hora, secuencia, porcentaje_cpu_uso, porcentaje_ram,
	procesos_corriendo, procesos_durmiendo, procesos_zombie, procesos_parados FROM samples ` + alongHora

func (v *vitals) scan(rows *sql.Rows) error {
	return rows.Scan(&v.host, &v.hora, &v.secuencia, &v.cpu, &v.ram, &v.states[0], &v.states[1], &v.states[2], &v.states[3])
}

// alone is a rollup of one sample.
func (v *vitals) alone() rollup {
	r := rollup{
		host: v.host, hora: v.hora.Truncate(time.Minute), samples: 1, rows: 1,
		cpu: spreadOf(v.cpu), ram: spreadOf(v.ram),
	}
	for i, n := range v.states {
		r.states[i].Spread = spreadOf(float64(n))
		if n != 0 {
			r.states[i].last = sql.NullInt64{Int64: n, Valid: true}
			r.states[i].hora = sql.NullTime{Time: v.hora, Valid: true}
		}
	}
	return r
}

// minute adds up the rows of one minute of one host. The same sample counts once, as the first row that brings it.
type minute struct {
	sum   rollup
	known map[int64]bool // the secuencias of the named samples
}

func newMinute() *minute { return &minute{known: map[int64]bool{}} }

// add takes the next row.
func (m *minute) add(v *vitals) {
	if v.host != "" && v.secuencia.Valid {
		if m.known[v.secuencia.Int64] {
			m.sum.rows++
			return
		}
		if len(m.known) < maxIdentities {
			m.known[v.secuencia.Int64] = true
		}
	}
	alone := v.alone()
	if m.sum.samples == 0 {
		m.sum = alone
		return
	}
	m.sum.merge(&alone)
}

// finish appends the minute, if there were rows, and makes room for the next.
func (m *minute) finish(computed []rollup) []rollup {
	if m.sum.samples == 0 {
		return computed
	}
	computed = append(computed, m.sum)
	m.sum = rollup{}
	clear(m.known)
	return computed
}
