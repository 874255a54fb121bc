package run

// List is what a service answers that is asked for the runs.
type List struct {
	Runs []Header `json:"runs"` // the newest first
	More bool     `json:"more"` // there are older ones, which are not in the list
}
