package latency

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestBounds holds every bound against b^8 = 100,000^8 · 2^i in whole numbers.
func TestBounds(t *testing.T) {
	eighth := func(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(n), big.NewInt(8), nil) }
	for i, bound := range bounds {
		exact := new(big.Int).Lsh(eighth(first), uint(i))
		if eighth(bound).Cmp(exact) > 0 || eighth(bound+1).Cmp(exact) <= 0 {
			t.Errorf("bucket %d takes up to %d ns: not the last that is within 100 µs · 2^(%d/8)", i, bound, i)
		}
	}
}

func TestObserveAtTheBounds(t *testing.T) {
	last := buckets - 1
	for i, bound := range bounds[:last] {
		if at, beyond := bucket(bound), bucket(bound+1); at != i || beyond != i+1 {
			t.Errorf("%d ns and one more are in buckets %d and %d, want %d and the next", bound, at, beyond, i)
		}
	}
	for ns, want := range map[int64]int{math.MinInt64: 0, -1: 0, 0: 0, 1: 0, bounds[last] + 1: last, math.MaxInt64: last} {
		if got := bucket(ns); got != want {
			t.Errorf("%d ns is in bucket %d, want %d", ns, got, want)
		}
	}
}

// TestQuantilesOfMergedHistograms compares with the exact order statistic of all latencies together, after the
// histograms went through JSON.
func TestQuantilesOfMergedHistograms(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		low, width := math.Log2(92e3), random.Float64()*math.Log2(62e9/92e3)
		low += random.Float64() * (math.Log2(62e9) - low - width)
		all := make([]time.Duration, 1+random.IntN(500))
		parts := make([]Histogram, 1+random.IntN(4))
		for i := range all {
			all[i] = time.Duration(math.Exp2(low + width*random.Float64()))
			parts[random.IntN(len(parts))].Observe(all[i])
		}
		var merged Histogram
		for _, part := range parts {
			read := throughJSON(t, part)
			merged.Merge(&read)
		}
		if merged.Count() != uint64(len(all)) {
			t.Fatalf("%d counted of %d", merged.Count(), len(all))
		}
		slices.Sort(all)
		for _, q := range []float64{0, 0.5, 0.95, 0.99, 1, random.Float64()} {
			exact := all[max(int(math.Ceil(q*float64(len(all))))-1, 0)]
			if off := math.Abs(float64(merged.Quantile(q))/float64(exact) - 1); off > 0.045 {
				t.Fatalf("the %v quantile of %d is %s, estimated %s: off by %.1f %%", q, len(all), exact, merged.Quantile(q), 100*off)
			}
		}
	}
}

func throughJSON(t *testing.T, h Histogram) Histogram {
	t.Helper()
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var read Histogram
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	if read != h {
		t.Fatalf("%s was read as another histogram", b)
	}
	return read
}

func TestQuantileOutOfRange(t *testing.T) {
	var h Histogram
	if got := h.Quantile(0.5); got != 0 {
		t.Errorf("of nothing: %s", got)
	}
	h.Observe(time.Microsecond)
	h.Observe(time.Hour)
	if low, high := h.Quantile(0.5), h.Quantile(1); low.Round(time.Microsecond) != 96*time.Microsecond || high.Round(time.Second) != time.Minute {
		t.Errorf("1 µs reads as %s, one hour as %s", low, high)
	}
}

func TestOctavesAreExact(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var h Histogram
	exact := make(map[time.Duration]uint64)
	for range 10_000 {
		d := time.Duration(math.Exp2(random.Float64() * 38)) // up to 275 s
		switch random.IntN(10) {
		case 0:
			d = 100 * time.Microsecond << random.IntN(20)
		case 1:
			d = 100*time.Microsecond<<random.IntN(20) + 1
		}
		h.Observe(d)
		for k := range 20 {
			if bound := 100 * time.Microsecond << k; d <= bound {
				exact[bound]++
			}
		}
	}
	octave := 0
	for bound, n := range h.Octaves() {
		if want := 100 * time.Microsecond << octave; bound != want || n != exact[want] {
			t.Errorf("octave %d: %d up to %s, want %d up to %s", octave, n, bound, exact[want], want)
		}
		octave++
	}
	if octave != 20 {
		t.Errorf("%d octaves", octave)
	}
	for range h.Octaves() { // a reader may stop
		break
	}
}

func TestJSON(t *testing.T) {
	var h Histogram
	if b, err := json.Marshal(h); err != nil || string(b) != "[]" {
		t.Errorf("empty: %s %v", b, err)
	}
	h.Observe(0)
	h.Observe(101 * time.Microsecond)
	h.Observe(101 * time.Microsecond)
	h.Observe(time.Hour)
	if b, err := json.Marshal(h); err != nil || string(b) != "[[0,1],[1,2],[154,1]]" {
		t.Errorf("%s %v", b, err)
	}
	for _, wrong := range []string{
		`null`, `{}`, `""`, `[1,2]`, `[null]`, `[[]]`, `[[1]]`, `[[1,2,3]]`, `[[null,1]]`, `[[1,null]]`, `[["1",2]]`,
		`[[-1,2]]`, `[[155,2]]`, `[[1,0]]`, `[[1,-1]]`, `[[1,1.5]]`, `[[1,9007199254740992]]`, `[[1,2],[1,2]]`, `[[2,1],[1,1]]`,
	} {
		read := h
		if err := json.Unmarshal([]byte(wrong), &read); err == nil || read != h {
			t.Errorf("%s was taken (%v) or changed the histogram", wrong, err)
		}
	}
	if err := json.Unmarshal([]byte(" [ [3, 9007199254740991] ] "), &h); err != nil || h.Count() != maxCount {
		t.Errorf("%d counted: %v", h.Count(), err)
	}
}

// FuzzJSON: whatever is taken has one spelling, and is the same when it is read again.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`[[0,1],[8,20],[154,9007199254740991]]`))
	f.Add([]byte(`[ [1 , 2] , [1, 3] ]`))
	f.Add([]byte(`[[1,null]]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h Histogram
		if json.Unmarshal(b, &h) != nil {
			return
		}
		throughJSON(t, h)
		if h.Count() > 0 && (h.Quantile(0) > h.Quantile(0.5) || h.Quantile(0.5) > h.Quantile(1)) {
			t.Error("quantiles descend")
		}
	})
}

func BenchmarkObserve(b *testing.B) {
	random := rand.New(rand.NewPCG(5, 6))
	latencies := make([]time.Duration, 4096)
	for i := range latencies {
		latencies[i] = time.Duration(math.Exp2(17 + random.Float64()*15)) // 0.1 ms to 4 s
	}
	var h Histogram
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.Observe(latencies[i%len(latencies)])
	}
}
