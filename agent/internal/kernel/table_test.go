package kernel

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

func TestParseTable(t *testing.T) {
	got, err := parseTable([]byte("1 0 S 1234567890 11264 systemd\n" +
		"2 0 I 0 0 kworker/0:1H-ev\n" +
		`30 1 t 18446744073709551615 7 a"b\x5cc\x0ad\x20\xc3\xad\xff` + "\n" +
		"4194304 30 Z 5 0 \n"))
	want := []vitals.Process{
		{PID: 1, Name: "systemd", State: 'S', CPU: 1234567890, RSSKiB: 11264},
		{PID: 2, Name: "kworker/0:1H-ev", State: 'I'},
		{PID: 30, Name: "a\"b\\c\nd \xc3\xad\xff", State: 't', CPU: 18446744073709551615, RSSKiB: 7},
		{PID: 4194304, Name: "", State: 'Z', CPU: 5},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseTableRefuses(t *testing.T) {
	const first = "1 0 S 12 34 init\n"
	for text, want := range map[string]string{
		"":                                  "no process",
		first + "2 1 S 12 34 torn":          "torn",
		first + "\n":                        "line 2",
		first + "2 1 S 12 34\n":             "line 2",
		"0 0 S 12 34 x\n":                   "line 1",
		"4194305 0 S 12 34 x\n":             "line 1",
		"-1 0 S 12 34 x\n":                  "line 1",
		"1  0 S 12 34 x\n":                  "line 1",
		"1 0 SS 12 34 x\n":                  "line 1",
		"1 0 0 12 34 x\n":                   "line 1",
		"1 0 S 12 x x\n":                    "line 1",
		"1 0 S 18446744073709551616 34 x\n": "line 1",
		"pid ppid state cpu_ns rss comm\n":  "line 1",
		"1 0 S 12 34 a b\n":                 "not escaped",
		"1 0 S 12 34 a\tb\n":                "not escaped",
		"1 0 S 12 34 \xc3\xad\n":            "not escaped",
		"1 0 S 12 34 \\\n":                  "not escaped",
		"1 0 S 12 34 \\x4\n":                "not escaped",
		"1 0 S 12 34 \\xAB\n":               "not escaped",
		"1 0 S 12 34 \\n12\n":               "not escaped",
		"1 0 S 12 34 \\xg0\n":               "not escaped",
	} {
		got, err := parseTable([]byte(text))
		if err == nil || len(got) > 0 || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %q", text, got, err, want)
		}
	}
	line := "1 0 S 12 34 \\q" + strings.Repeat("x", 1<<20) + "\n"
	if _, err := parseTable([]byte(first + line)); err == nil || len(err.Error()) > 2*maxObject || !strings.Contains(err.Error(), `"1 0 S 12 34 \\qx`) {
		t.Errorf("%.1000v", err)
	}
}

// quote is what %q prints of bytes that are few enough.
func quote(text string) string { return fmt.Sprintf("%.200q", text) }

// Whatever parseTable takes, a plain reading of the format understands alike.
func FuzzTable(f *testing.F) {
	f.Add([]byte("1 0 S 1234567890 11264 systemd\n"))
	f.Add([]byte(`30 1 t 18446744073709551615 7 a"b\x5cc\x0ad\x20` + "\n2 0 Z 1 2 \n"))
	f.Add([]byte("1 0 S 12 34 to"))
	f.Fuzz(func(t *testing.T, text []byte) {
		processes, err := parseTable(text)
		if err != nil {
			return
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if len(lines) != len(processes) {
			t.Fatalf("%q: %d lines, %d processes", text, len(lines), len(processes))
		}
		for i, p := range processes {
			columns := strings.Split(lines[i], " ")
			name, err := strconv.Unquote(`"` + strings.ReplaceAll(columns[5], `"`, `\"`) + `"`)
			if err != nil || name != p.Name || len(columns) != 6 {
				t.Errorf("%q: the name is %q, not %q: %v", lines[i], name, p.Name, err)
			}
			want := []string{strconv.Itoa(p.PID), string(p.State), strconv.FormatUint(p.CPU, 10), strconv.FormatUint(p.RSSKiB, 10)}
			if got := []string{columns[0], columns[2], columns[3], columns[4]}; !slices.Equal(got, want) {
				t.Errorf("%q was read as %q", lines[i], want)
			}
		}
	})
}
