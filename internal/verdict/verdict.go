// Package verdict answers from a run whether the VM carries the load. docs/verdict.md describes the method, cites where it
// comes from, and says what it cannot see.
package verdict

import "github.com/pulso-lab/pulso/internal/run"

// Answer is whether the VM carries the load that was asked about.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown" // the run does not say; the sentence tells why
)

// Resource is what gives out first.
type Resource string

// The resources.
const (
	CPU         Resource = "cpu"
	Memory      Resource = "memory"
	Processes   Resource = "processes"
	Application Resource = "application" // its own limit: it is saturated and the VM is not
	Undecided   Resource = "unknown"
)

// Confidence is how far the answer is to be trusted.
type Confidence string

// The degrees of confidence.
const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
)

// Text is what a person reads, in both languages.
type Text struct {
	ES string `json:"es"`
	EN string `json:"en"`
}

// Estimate is a number and its 95 % confidence interval.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Verdict is what a run says.
type Verdict struct {
	Answer     Answer        `json:"answer"`
	Confidence Confidence    `json:"confidence"`
	Sentence   Text          `json:"sentence"` // the recommendation: one sentence that a person can act on
	Objective  run.Objective `json:"objective"`
	Asked      int           `json:"asked"`                // users
	Load       *Load         `json:"load,omitempty"`       // what was measured at that many; absent where nothing steady was
	Carries    *Load         `json:"carries,omitempty"`    // the largest load that met the objective, as every smaller one did
	Breaks     *Load         `json:"breaks,omitempty"`     // the smallest load that did not
	Saturation *Saturation   `json:"saturation,omitempty"` // absent where none was seen
	Bottleneck Bottleneck    `json:"bottleneck"`
	Headroom   *Estimate     `json:"headroom,omitempty"` // percent of the capacity that is left at the load asked about; under 0 beyond it; absent without a saturation
	Law        *Law          `json:"law,omitempty"`      // absent where there are too few levels for it
	Levels     []Level       `json:"levels"`             // in order of time
	Routes     *Comparison   `json:"routes,omitempty"`   // phase 2, where two routes answered
	Missing    []Text        `json:"missing"`            // what else keeps the answer from being surer, and what it would take
}

// Load is a number of users, and what they got.
type Load struct {
	Users    int      `json:"users"`
	Requests Estimate `json:"requests"` // good answers a second
	Latency  Estimate `json:"latency"`  // ms, at the objective's percentile
	Errors   Estimate `json:"errors"`   // percent
}

// Saturation is where more users no longer get more done.
type Saturation struct {
	Users    Estimate `json:"users"`    // the knee: where the line of a VM without any queue reaches the capacity
	Requests Estimate `json:"requests"` // the capacity, good answers a second
	Falls    bool     `json:"falls"`    // beyond the knee, more users get less done than fewer
}

// Bottleneck is the resource that gives out first, and how each was at saturation; where none was seen, at the greatest
// load, and Resource is then the one with the least left or unknown.
type Bottleneck struct {
	Resource  Resource `json:"resource"`
	CPU       float64  `json:"cpu"`       // percent
	RAM       float64  `json:"ram"`       // percent
	Processes float64  `json:"processes"` // percent of the most that there may be; 0 where that is not known
	Reason    Text     `json:"reason"`
}

// Law is Gunther's Universal Scalability Law, X(N) = λN / (1 + σ(N−1) + κN(N−1)), fitted to the steady levels.
type Law struct {
	Lambda  Estimate `json:"lambda"`        // good answers a second and user, alone
	Sigma   Estimate `json:"sigma"`         // contention: the share that is done one after the other
	Kappa   Estimate `json:"kappa"`         // coherency: what pairs of users cost
	Peak    float64  `json:"peak_users"`    // where the law has its most; 0 where it has none
	Most    Estimate `json:"peak_requests"` // there, or where it tends to; all 0 where it has no bound
	Fits    float64  `json:"r_squared"`     // of the levels' throughput
	Applies bool     `json:"applies"`       // it fits well enough to be shown as more than a guide to the eye
}

// Level is a stretch of a run with a constant number of users.
type Level struct {
	Users     int      `json:"users"`
	From      int      `json:"from"` // seconds, of what counts: the transient before it is left out
	To        int      `json:"to"`   // not included
	Steady    bool     `json:"steady"`
	Reason    Text     `json:"reason"`   // why it is not steady
	Requests  Estimate `json:"requests"` // good answers a second
	Latency   Estimate `json:"latency"`  // ms, at the objective's percentile
	P50       float64  `json:"p50"`      // ms
	P99       float64  `json:"p99"`
	Errors    Estimate `json:"errors"` // percent
	Meets     Answer   `json:"meets"`  // the objective
	CPU       float64  `json:"cpu"`    // percent; -1 where the VM said nothing, as in the three below
	RAM       float64  `json:"ram"`
	Running   float64  `json:"running"`   // processes
	Processes float64  `json:"processes"` // in all
	Generator float64  `json:"generator"` // percent of one CPU
}

// Comparison is the two routes of phase 2 side by side.
type Comparison struct {
	Routes   []Route `json:"routes"`   // in order of name
	Faster   string  `json:"faster"`   // by the objective's percentile; empty where the difference is not sure
	Sentence Text    `json:"sentence"` // how sure
}

// Route is what one route did.
type Route struct {
	Name     string   `json:"name"`
	Requests Estimate `json:"requests"` // good answers a second
	Latency  Estimate `json:"latency"`  // ms, at the objective's percentile
	P50      float64  `json:"p50"`
	P99      float64  `json:"p99"`
	Errors   Estimate `json:"errors"` // percent
}
