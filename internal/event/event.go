// Package event is the contract of the stream: the Socket.IO events between the socket service and its clients.
// docs/contract.md says when each is sent. The TypeScript types of the dashboard are generated from this package.
package event

import (
	"github.com/pulso-lab/pulso/internal/latency"
	"github.com/pulso-lab/pulso/internal/sample"
)

// Names of the events: the first four the server sends, the last one a client, which gets its answer as the
// acknowledgement.
const (
	NameSnapshot = "snapshot"
	NameSamples  = "samples"
	NameStatus   = "status"
	NameRoutes   = "routes"
	NameHistory  = "history"
)

// WindowSeconds is the length of the live window on a host's `hora`, and of the routes' on `recibido`, in seconds.
const WindowSeconds = 300

// SnapshotRows bounds the rows of one snapshot.
const SnapshotRows = 20_000

// StaleSeconds is how long no row may arrive before the stream is stale.
const StaleSeconds = 10

// HistoryPoints bounds the buckets of one history.
const HistoryPoints = 2000

// Auth is what a client may say when it connects.
type Auth struct {
	Token  string `json:"token,omitempty"`  // where the service asks for one
	Cursor *int64 `json:"cursor,omitempty"` // the last cursor that the client had: the rows it missed come first
}

// Snapshot is what a client gets on connect.
type Snapshot struct {
	Now    sample.Recibido `json:"now" tstype:"string"` // the server's clock
	Cursor int64           `json:"cursor"`              // the highest id with no open hole beneath it
	// Of the rows with ids up to this one, some may be missing that the client does not have, because its cursor lay too
	// far back; 0 otherwise.
	After  int64         `json:"after"`
	Rows   []sample.Row  `json:"rows"`   // each host's live window, a row for each sample, in order of id
	Routes []RouteSecond `json:"routes"` // the last WindowSeconds, in order of second and route
	Status Status        `json:"status"`
}

// Samples is what one tick brought.
type Samples struct {
	Now    sample.Recibido `json:"now" tstype:"string"`
	Cursor int64           `json:"cursor"`
	Rows   []sample.Row    `json:"rows"` // in order of id
}

// State is what a person should think of the stream.
type State string

// The states of the stream.
const (
	StateLive  State = "live"  // rows arrive
	StateStale State = "stale" // no row for StaleSeconds
	StateAway  State = "away"  // the database does not answer
)

// Status tells a client that the stream changed its state.
type Status struct {
	Now    sample.Recibido `json:"now" tstype:"string"`
	State  State           `json:"state"`
	Since  sample.Recibido `json:"since" tstype:"string"`  // when the state began, by the server's clock
	Newest sample.Recibido `json:"newest" tstype:"string"` // the newest row's recibido; empty when there is none
}

// Routes is what became known of the routes: each second as a whole, to replace what a client had of it.
type Routes struct {
	Now     sample.Recibido `json:"now" tstype:"string"`
	Seconds []RouteSecond   `json:"seconds"` // in order of second and route
}

// RouteStats is what all instances of one route did in some time.
type RouteStats struct {
	API      string            `json:"api"`      // the route
	Writer   string            `json:"writer"`   // how it writes: direct or batch
	Requests int64             `json:"requests"` // answered, errors included
	Rows     int64             `json:"rows"`     // stored
	Errors   int64             `json:"errors"`   // answers of 500 and above
	Latency  latency.Histogram `json:"latency"`  // from receipt to commit: [bucket, count] pairs, ascending
}

// RouteSecond is one second of a route.
type RouteSecond struct {
	RouteStats `tstype:",extends"`
	Second     sample.Hora `json:"second" tstype:"string"` // of `recibido`
}
