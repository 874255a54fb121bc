package edge

import "sync/atomic"

// dropped counts the clients that were disconnected because they did not keep up.
type dropped struct {
	slow   atomic.Int64 // took nothing for WriteTimeout
	behind atomic.Int64 // took less than came
}

// Dropped is the number of clients that were disconnected since the start, by reason.
func (s *Server) Dropped() map[string]int64 {
	return map[string]int64{"slow": s.dropped.slow.Load(), "behind": s.dropped.behind.Load()}
}
