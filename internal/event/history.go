package event

import "github.com/pulso-lab/pulso/internal/sample"

// HistoryQuery asks for the past of one host.
type HistoryQuery struct {
	Host   string      `json:"host"`                 // as in its samples; empty for those without one
	From   sample.Hora `json:"from" tstype:"string"` // the first moment, in every form of `hora` that ingest takes
	To     sample.Hora `json:"to" tstype:"string"`   // the first moment that is not asked for
	Points int         `json:"points"`               // buckets wanted at most, 1 to HistoryPoints
}

// Resolution says from what a history was computed.
type Resolution string

// The resolutions of a history.
const (
	ResolutionSample Resolution = "sample" // the samples themselves
	ResolutionMinute Resolution = "minute" // rollups by minute, a few seconds behind
	ResolutionHour   Resolution = "hour"   // rollups by hour, a few seconds behind
)

// History is the past of one host, and of the routes at the same time.
type History struct {
	Now        sample.Recibido `json:"now" tstype:"string"`
	Host       string          `json:"host"`
	From       sample.Hora     `json:"from" tstype:"string"` // as asked, moved out to whole buckets
	To         sample.Hora     `json:"to" tstype:"string"`
	Step       float64         `json:"step"` // seconds, the length of a bucket
	Resolution Resolution      `json:"resolution"`
	Buckets    []Bucket        `json:"buckets"` // those that hold samples, in order of time
	States     States          `json:"states"`
	Routes     []RouteStats    `json:"routes"` // those received from From to To, by the other clock; in order of route
}

// Bucket is the samples whose `hora` lies in one step.
type Bucket struct {
	Hora    sample.Hora `json:"hora" tstype:"string"` // where the bucket begins
	Samples int64       `json:"samples"`              // different ones
	CPU     Range       `json:"cpu"`                  // percentages in use
	RAM     Range       `json:"ram"`

	Corriendo Range `json:"procesos_corriendo"`
	Durmiendo Range `json:"procesos_durmiendo"`
	Zombie    Range `json:"procesos_zombie"`
	Parados   Range `json:"procesos_parados"`
}

// Range is what a number was in some time.
type Range struct {
	Min float64 `json:"min"`
	Avg float64 `json:"avg"` // over the different samples
	Max float64 `json:"max"`
}

// States is the process states in the whole time asked for.
type States struct {
	Corriendo StateRange `json:"procesos_corriendo"`
	Durmiendo StateRange `json:"procesos_durmiendo"`
	Zombie    StateRange `json:"procesos_zombie"`
	Parados   StateRange `json:"procesos_parados"`
}

// StateRange is one process state in some time. All is 0 where there are no samples.
type StateRange struct {
	Range   `tstype:",extends"`
	NonZero *Seen `json:"last_nonzero,omitempty"` // the last time that there was one; absent when there never was
}

// Seen is a number at a moment.
type Seen struct {
	Hora  sample.Hora `json:"hora" tstype:"string"`
	Value int64       `json:"value"`
}

// Failure answers a client's request that got no other answer. Its codes are those of the HTTP answers.
type Failure struct {
	Code    string `json:"error"`
	Message string `json:"mensaje"`
}
