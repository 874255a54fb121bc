package functions

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/pulso-lab/pulso/internal/sample"
)

// What requests may weigh in memory, in bytes. All of them together never weigh more than maxMemory.
const (
	maxMemory     = 128 << 20
	requestWeight = 4 << 10  // of a request without its body
	bodyFactor    = 4        // the body itself, its samples, and the statement that they become
	firstBuffer   = 16 << 10 // the most that a body gets before it has begun to arrive
)

// errFull says that the requests that are being served weigh as much as they may.
var errFull = errors.New("no memory is left for another request")

// budget is an amount of bytes that requests share.
type budget struct{ free atomic.Int64 }

func newBudget(bytes int64) *budget {
	b := &budget{}
	b.free.Store(bytes)
	return b
}

// share is what one request has taken of a budget.
type share struct {
	of    *budget
	bytes int64
}

func (s *share) take(bytes int64) error {
	if s.of.free.Add(-bytes) < 0 {
		s.of.free.Add(bytes)
		return errFull
	}
	s.bytes += bytes
	return nil
}

func (s *share) giveBack() { s.of.free.Add(s.bytes) }

// readBody reads at most sample.MaxBody bytes. It takes memory as they arrive, and not as they are announced, so that
// who announces much and sends nothing holds little.
func readBody(w http.ResponseWriter, r *http.Request, memory *share) ([]byte, error) {
	body := http.MaxBytesReader(w, r.Body, sample.MaxBody)
	size := int64(firstBuffer)
	if r.ContentLength >= 0 {
		size = min(size, r.ContentLength+1) // and one, to see the end
	}
	if err := memory.take(requestWeight + bodyFactor*size); err != nil {
		return nil, err
	}
	content := make([]byte, 0, size)
	for {
		n, err := body.Read(content[len(content):cap(content)])
		content = content[:len(content)+n]
		if errors.Is(err, io.EOF) {
			return content, nil
		}
		if err != nil {
			return nil, err
		}
		if len(content) == cap(content) {
			if err := memory.take(bodyFactor * int64(cap(content))); err != nil {
				return nil, err
			}
			content = append(make([]byte, 0, 2*cap(content)), content...)
		}
	}
}
