// Package golden is the small recording that the tests of every part replay, so that all of them agree on what
// repeated samples, late and out-of-order commits, two hosts, a gap and extremes mean. docs/contract.md describes
// its files; internal/golden/generate makes them, from rules and not by hand.
package golden

import (
	_ "embed"
	"encoding/json"

	"github.com/pulso-lab/pulso/internal/sample"
)

//go:generate go run ./generate

//go:embed recording.json
var recording []byte

//go:embed ticks.json
var ticks []byte

//go:embed points.json
var points []byte

// Tick is what becomes visible to a reader at once.
type Tick struct {
	Rows   []sample.Row `json:"rows"`   // in order of id
	Cursor int64        `json:"cursor"` // after this tick: the highest id with no open hole beneath it
}

// Expected is what must have been seen and must be drawn after the last tick.
type Expected struct {
	Rows     int             `json:"rows"`     // all that arrived
	Distinct int             `json:"distinct"` // different samples among them
	Holes    []int64         `json:"holes"`    // ids that were rolled back
	Hosts    map[string]Host `json:"hosts"`    // by name; the empty name is a client without one
}

// Host is what must be drawn of one VM.
type Host struct {
	Newest string  `json:"newest"` // the newest hora
	Points []Point `json:"points"` // of the live window, in order of hora
	Gaps   []Gap   `json:"gaps"`   // in it
}

// Point is one point of the charts.
type Point struct {
	Hora   string  `json:"hora"`
	CPU    float64 `json:"cpu"`    // porcentaje_cpu_uso
	RAM    float64 `json:"ram"`    // porcentaje_ram
	Zombie int64   `json:"zombie"` // procesos_zombie
}

// Gap lies between two neighbouring points that are too far apart to be joined.
type Gap struct {
	From string `json:"from"` // hora of the last point before it
	To   string `json:"to"`   // hora of the first point after it
}

// RecordingJSON is the recording as phase 1 writes it.
func RecordingJSON() []byte { return recording }

// Ticks are the rows in the order in which they become visible.
func Ticks() []Tick { return decode[[]Tick](ticks) }

// Points is what must come out in the end.
func Points() Expected { return decode[Expected](points) }

func decode[T any](data []byte) T {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		panic(err) // the files are generated and checked in
	}
	return v
}
