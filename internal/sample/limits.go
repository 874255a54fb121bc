package sample

// Bounds of what is accepted on the way in.
const (
	// MaxBody is the largest request body in bytes.
	MaxBody = 1 << 20
	// MaxBatch is the largest number of samples in one request.
	MaxBatch = 1000
	// MaxInteger is the largest integer that JavaScript holds exactly, 2^53 − 1.
	MaxInteger = 1<<53 - 1
	// MaxHost is the largest length of a host's name in bytes, that of a DNS name.
	MaxHost = 253
)
