package run

// Bounds of what is accepted.
const (
	// MaxSeconds is how many seconds a run has at most: four hours.
	MaxSeconds = 4 * 60 * 60
	// MaxPart is how many of them are handed in at once.
	MaxPart = 300
	// MaxTargets is how many things are asked in one second.
	MaxTargets = 4
	// MaxDocument is the size of a whole document, in bytes.
	MaxDocument = 32 << 20
	// MaxName is the length of a run's name, in characters.
	MaxName = 120
	// MaxNumber is the largest number of a document that has no bound of its own: with it, no sum over a run overflows.
	MaxNumber = 1_000_000_000

	maxID      = 64   // characters
	maxTarget  = 32   // characters of a target's name
	maxText    = 253  // bytes, those of a host's name
	maxAddress = 2048 // bytes
	maxFaults  = 100  // that one error names
)
