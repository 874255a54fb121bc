package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"sort"
	"strconv"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
)

const buckets = 155

// latencyFile is what the page's own histograms are held against.
type latencyFile struct {
	Bounds []time.Duration // ns, the most that each bucket takes but for the last, which has no end
	Cases  []latencyCase
}

// text is JSON with a line for each case.
func (f latencyFile) text() []byte {
	cases := make([][]byte, len(f.Cases))
	for i, c := range f.Cases {
		cases[i] = encode(c)
	}
	return fmt.Appendf(nil, "{\"bounds\":%s,\n\"cases\":[\n%s\n]}", encode(f.Bounds), bytes.Join(cases, []byte(",\n")))
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		log.Fatal(err)
	}
	return text
}

func decode(text []byte, into any) {
	if err := json.Unmarshal(text, into); err != nil {
		log.Fatalf("%s: %v", text, err)
	}
}

// latencyCase is several histograms and what their sum says.
type latencyCase struct {
	Name      string                   `json:"name"`
	Parts     []latency.Histogram      `json:"parts"`
	Count     uint64                   `json:"count"`
	Quantiles map[string]time.Duration `json:"quantiles"` // ns
}

func latencies() latencyFile {
	file := latencyFile{Cases: []latencyCase{
		caseOf("nothing"),
		caseOf("an empty histogram", "[]"),
		caseOf("two empty histograms", "[]", "[]"),
		caseOf("one latency", "[[40,1]]"),
		caseOf("the first bucket", "[[0,7]]"),
		caseOf("the last bucket", "[[154,7]]"),
		caseOf("the first and the last bucket", "[[0,5],[154,5]]"),
		caseOf("the first and the last bucket in two histograms", "[[0,5]]", "[[154,5]]"),
		caseOf("one in a hundred is slow", "[[24,99],[100,1]]"),
		caseOf("two in a hundred are slow", "[[24,98],[100,2]]"),
		caseOf("five in a hundred are slow", "[[24,95],[100,5]]"),
		caseOf("six in a hundred are slow", "[[24,94],[100,6]]"),
		caseOf("a histogram beside an empty one", "[[30,3],[31,9],[35,1]]", "[]"),
		caseOf("a slow instance beside a fast one", "[[20,400],[21,300],[23,90]]", "[[70,4],[74,20],[90,6]]"),
		caseOf("the same twice", "[[30,3],[31,9]]", "[[30,3],[31,9]]"),
		caseOf("as many as JavaScript counts", "[[50,9007199254740000],[60,991]]"),
	}}
	for i := range buckets - 1 {
		file.Bounds = append(file.Bounds, bound(i))
	}
	dice := rand.New(rand.NewPCG(7, 8)) //nolint:gosec // the same ones each time
	for i := range 32 {
		parts := make([]string, 1+dice.IntN(4))
		for p := range parts {
			parts[p] = scattered(dice)
		}
		file.Cases = append(file.Cases, caseOf("scattered "+strconv.Itoa(i), parts...))
	}
	return file
}

// bound finds what a bucket takes by trying.
func bound(bucket int) time.Duration {
	beyond := sort.Search(int(2*time.Minute), func(ns int) bool {
		var h latency.Histogram
		h.Observe(time.Duration(ns))
		return bucketOf(h) > bucket
	})
	return time.Duration(beyond - 1)
}

// bucketOf is where the only latency of a histogram is.
func bucketOf(h latency.Histogram) int {
	var pairs [1][2]int
	decode(encode(h), &pairs)
	return pairs[0][0]
}

func caseOf(name string, parts ...string) latencyCase {
	c := latencyCase{Name: name, Parts: make([]latency.Histogram, len(parts)), Quantiles: map[string]time.Duration{}}
	var sum latency.Histogram
	for i, text := range parts {
		decode([]byte(text), &c.Parts[i])
		sum.Merge(&c.Parts[i])
	}
	c.Count = sum.Count()
	for _, q := range []float64{0.5, 0.95, 0.99} {
		c.Quantiles[strconv.FormatFloat(q, 'g', -1, 64)] = sum.Quantile(q)
	}
	return c
}

// scattered is the text of a histogram with up to some dozens of buckets.
func scattered(dice *rand.Rand) string {
	pairs := [][2]int{}
	last := 1 + dice.IntN(buckets)
	for at := dice.IntN(last); at < last; at += 1 + dice.IntN(9) {
		pairs = append(pairs, [2]int{at, 1 + dice.IntN(1<<dice.IntN(12))})
	}
	return string(encode(pairs))
}
