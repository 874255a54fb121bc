// Package run is the contract of a run: what the load was, second by second, and how the VM was under it. It stands beside
// the sample (internal/sample), which says only how a VM is.
//
// Phase 1 makes a run of the VM and leaves it in run.json, beside the recording; phase 2 hands it in, and makes one of the
// replay. docs/contract.md describes the document.
//
// Seconds are those of the load generator's clock, counted from the run's start. What the VM said of itself stands in the
// second in which the generator heard it: `hora`, of the VM's own clock, is kept and never used to place it.
package run

import (
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
)

// Version is that of the document's form.
const Version = 1

// The phases of a run.
const (
	PhaseEnter = 1 // users load the VM
	PhaseLeave = 2 // users replay a recording into the routes
)

// TargetAgent is the target of phase 1 that is not the application under test; all others are.
const TargetAgent = "agent"

// Run is a whole run, or a part of one: some of its seconds.
type Run struct {
	Header  `tstype:",extends"`
	Seconds []Second `json:"seconds"` // in order
}

// Header says what was run.
type Header struct {
	Version   int       `json:"version"`
	ID        string    `json:"id"`        // 1 to 64 of a–z, 0–9 and -; no two runs share one
	Name      string    `json:"name"`      // what people call it; may be empty
	Phase     int       `json:"phase"`     // 1 or 2
	Recording string    `json:"recording"` // phase 2: the run that made the recording; empty where that is not known
	VM        VM        `json:"vm"`        // phase 2: as in the run that made the recording
	Protocol  Protocol  `json:"protocol"`
	Start     time.Time `json:"start" tstype:"string"` // RFC 3339, by the load generator's clock
	End       time.Time `json:"end" tstype:"string"`
}

// VM is the machine that was loaded. What is not known is empty or 0.
type VM struct {
	Host      string `json:"host"`      // as in its samples
	CPUs      int    `json:"cpus"`      // online
	RAM       int64  `json:"ram_mib"`   // in all
	Machine   string `json:"machine"`   // machine type, such as e2-standard-4
	Kernel    string `json:"kernel"`    // release, such as 6.1.0-37-cloud-amd64
	Processes int64  `json:"processes"` // the most that the kernel lets be at once
}

// Protocol is how the load was made.
type Protocol struct {
	Users     int       `json:"users"`      // the load that is asked about; a ramp goes beyond it
	SpawnRate float64   `json:"spawn_rate"` // users a second
	WaitMin   float64   `json:"wait_min"`   // seconds between two turns of a user, at least
	WaitMax   float64   `json:"wait_max"`   // and at most
	Duration  float64   `json:"duration"`   // seconds as planned; 0 for a run that ends by itself
	Ramp      bool      `json:"ramp"`       // the users were stepped up until the VM was beyond saturation
	Speed     float64   `json:"speed"`      // waits were divided by it; 0 for none at all
	Target    string    `json:"target"`     // the address of what was loaded
	Records   int       `json:"records"`    // of the recording, made or replayed
	Objective Objective `json:"objective"`
	Workload  *Workload `json:"workload,omitempty"` // as Pulso's own workload states it
}

// Workload is what a request to Pulso's own workload costs.
type Workload struct {
	CPU    float64 `json:"cpu_ms"`
	Memory int     `json:"memoria_mib"`
}

// Objective is what it means to carry a load.
type Objective struct {
	Percentile float64 `json:"percentile"`     // over 0, under 100: this share of the good answers
	Latency    float64 `json:"latency_ms"`     // came within this time
	Errors     float64 `json:"errors_percent"` // and this share of all requests failed, at most
}

// DefaultObjective is that of a run which was given none.
var DefaultObjective = Objective{Percentile: 95, Latency: 250, Errors: 1}

// Second is one second of a run.
type Second struct {
	Second    int      `json:"second"`            // since the start, 0 and up
	Users     int      `json:"users"`             // running when it ended
	Generator float64  `json:"generator_percent"` // CPU of the busiest Locust process, of one CPU; 0 where that is not known
	Vitals    *Vitals  `json:"vitals,omitempty"`  // absent where the VM said nothing new
	Targets   []Target `json:"targets"`           // in order of name; those that were asked
}

// Vitals is the mean of the different samples that came in one second.
type Vitals struct {
	Hora      string  `json:"hora"` // of the newest
	CPU       float64 `json:"porcentaje_cpu_uso"`
	RAM       float64 `json:"porcentaje_ram"`
	Running   float64 `json:"procesos_corriendo"`
	Processes float64 `json:"total_procesos"`
}

// Target is what one thing that was asked did in one second.
type Target struct {
	Name     string            `json:"name"`     // phase 1: workload, agent; phase 2: the route that answered, or entry for neither
	Requests int64             `json:"requests"` // that ended in this second, failures included
	Failures int64             `json:"failures"`
	Latency  latency.Histogram `json:"latency"` // of those that did not fail: [bucket, count] pairs, ascending
}
