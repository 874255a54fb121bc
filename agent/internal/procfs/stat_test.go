package procfs

import (
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

// tail is a line after the state: utime 5, stime 7, start 900, 3 pages.
const tail = " 1 9 9 0 -1 4194560 1 2 3 4 5 7 11 13 20 0 1 0 900 43823104 3 18446744073709551615 1 1 0"

func TestParseStat(t *testing.T) {
	for _, name := range []string{"init", "", "a b", ")", "(", ") R 1 (", "x) (y z", "línea\nnueva", "\xff\xfe", "1 2 3"} {
		got, err := parseStat([]byte("42 (" + name + ") D" + tail + "\n"))
		want := vitals.Process{PID: 42, Start: 900, Name: name, State: 'D', CPU: 12 * nsPerTick, RSSKiB: 3 * kibPerPage}
		if err != nil || got != want {
			t.Errorf("name %q: got %+v, %v; want %+v", name, got, err, want)
		}
	}
}

func TestParseStatRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"":                                    "no name",
		"42":                                  "no name",
		"42 (cut":                             "no name",
		"42 )cut(":                            "no name",
		"(nobody) S" + tail:                   "no name",
		"x (name) S" + tail:                   "begin with a pid",
		"42 (name)":                           "only 2 fields",
		"42 (name) S 1 2":                     "only 5 fields",
		"42 (n) S" + swap(tail, " 5 ", " z "): "field 14",
		"42 (n) S" + swap(tail, " 3 18", " -3 18"):                          "field 24",
		"42 (n) S" + swap(tail, " 900 ", " 99999999999999999999999999999 "): "field 22",
	} {
		if _, err := parseStat([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", line, err, want)
		}
	}
}

func swap(s, old, with string) string { return strings.Replace(s, old, with, 1) }

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (name) S" + tail))
	f.Add([]byte("42 (cut"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if p, err := parseStat(line); err == nil && p.State == 0 {
			t.Errorf("%q: no state and no error", line)
		}
	})
}
