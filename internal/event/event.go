// Package event is the contract of the stream: the Socket.IO events between the socket service and its clients.
// docs/contract.md says when each is sent. The TypeScript types of the dashboard are generated from this package.
package event

import "github.com/pulso-lab/pulso/internal/sample"

// Names of the events that the server sends.
const (
	NameSnapshot = "snapshot"
	NameSamples  = "samples"
	NameStatus   = "status"
)

// WindowSeconds is the length of the live window on a host's `hora`, in seconds.
const WindowSeconds = 300

// SnapshotRows bounds the rows of one snapshot.
const SnapshotRows = 20_000

// StaleSeconds is how long no row may arrive before the stream is stale.
const StaleSeconds = 10

// Snapshot is what a client gets on connect.
type Snapshot struct {
	Now    sample.Recibido `json:"now" tstype:"string"` // the server's clock
	Cursor int64           `json:"cursor"`              // the highest id with no open hole beneath it
	Rows   []sample.Row    `json:"rows"`                // each host's live window, a row for each sample, in order of id
	Status Status          `json:"status"`
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
