package kernel

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/agent/internal/vitals"
)

func TestParse(t *testing.T) {
	cpu, err := parseCPU([]byte(`{"cpus":2,"total_ns":18446744073709551615,"idle_ns":45,"iowait_ns":6}` + "\n"))
	if want := (vitals.CPU{Total: 18446744073709551615, Idle: 51}); err != nil || cpu != want {
		t.Errorf("CPU %+v, %v", cpu, err)
	}
	// keys in another order, and one of a module newer than this program
	memory, err := parseMemory([]byte(`{"available_kib":3,"cached_kib":7,"free_kib":0,"total_kib":10}` + "\n"))
	if want := (vitals.Memory{TotalKiB: 10, AvailableKiB: 3}); err != nil || memory != want {
		t.Errorf("memory %+v, %v", memory, err)
	}
	states, err := parseStates([]byte(`{"procesos_corriendo":1,"procesos_durmiendo":80,"procesos_zombie":2,"procesos_parados":3,"total_procesos":86}` + "\n"))
	if want := (vitals.States{Running: 1, Sleeping: 80, Zombie: 2, Stopped: 3}); err != nil || states != want {
		t.Errorf("states %+v, %v", states, err)
	}
}

// What makes no sense is refused, with the reason and the bytes.
func TestParseRefuses(t *testing.T) {
	const good = `{"cpus":2,"total_ns":123,"idle_ns":45,"iowait_ns":6}` + "\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {"", "byte 0"},
		"only a newline":      {"\n", "byte 0"},
		"torn in a number":    {good[:20], "byte 20"},
		"torn in a key":       {good[:15], "byte 15"},
		"no newline":          {strings.TrimSuffix(good, "\n"), "byte 52"},
		"more after the line": {good + good, "byte 53"},
		"a NUL at the end":    {good + "\x00", "byte 53"},
		"white space":         {strings.Replace(good, ":", ": ", 1), "byte 8"},
		"no object":           {"[1]\n", "byte 0"},
		"empty object":        {"{}\n", "byte 1"},
		"comma at the end":    {strings.Replace(good, "}", ",}", 1), "byte 52"},
		"no comma":            {strings.Replace(good, ",", "", 1), "byte 9"},
		"negative":            {strings.Replace(good, "123", "-123", 1), "byte 21"},
		"float":               {strings.Replace(good, "123", "1.5", 1), "byte 22"},
		"text":                {strings.Replace(good, "123", `"123"`, 1), "byte 21"},
		"leading zero":        {strings.Replace(good, "123", "0123", 1), "byte 21"},
		"no number":           {strings.Replace(good, "123", "", 1), "byte 21"},
		"more than 64 bits":   {strings.Replace(good, "123", "18446744073709551616", 1), "byte 21"},
		"escape in a key":     {strings.Replace(good, "cpus", `cp\u0075s`, 1), "byte 4"},
		"missing":             {strings.Replace(good, `"idle_ns":45,`, "", 1), "idle_ns is missing"},
		"twice":               {strings.Replace(good, `"idle_ns":45`, `"idle_ns":45,"idle_ns":45`, 1), "idle_ns is there twice"},
		"no CPUs":             {strings.Replace(good, `"cpus":2`, `"cpus":0`, 1), "no CPUs"},
		"idle too large":      {strings.Replace(good, "45", "124", 1), "more than total_ns"},
		"idle and iowait":     {strings.Replace(good, "45", "118", 1), "more than total_ns"},
		"their sum overflows": {strings.Replace(good, "6}", "18446744073709551615}", 1), "more than total_ns"},
	} {
		cpu, err := parseCPU([]byte(c.text))
		if err == nil || cpu != (vitals.CPU{}) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v, want %q", name, cpu, err, c.want)
		} else if quoted := strings.Trim(quote(c.text), `"`); !strings.Contains(err.Error(), quoted) {
			t.Errorf("%s: the bytes are not in %v", name, err)
		}
	}
	for text, want := range map[string]string{
		`{"total_kib":0,"free_kib":0,"available_kib":0}`:   "no memory",
		`{"total_kib":9,"free_kib":10,"available_kib":1}`:  "more is free",
		`{"total_kib":9,"free_kib":1,"available_kib":10}`:  "more is free",
		`{"total_kib":9,"free_kib":1,"available_kibs":10}`: "available_kib is missing",
	} {
		if got, err := parseMemory([]byte(text + "\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v, want %q", text, got, err, want)
		}
	}
}

func TestParseStatesRefuses(t *testing.T) {
	for counts, want := range map[[5]string]string{
		{"1", "80", "2", "3", "85"}:                  "do not add up",
		{"1", "80", "2", "3", "87"}:                  "do not add up",
		{"0", "0", "0", "0", "0"}:                    "not from 1",
		{"0", "1", "0", "0", "4194305"}:              "not from 1",
		{"18446744073709551615", "2", "0", "0", "1"}: "not from 1", // the sum runs over to 1
	} {
		text := `{"procesos_corriendo":` + counts[0] + `,"procesos_durmiendo":` + counts[1] + `,"procesos_zombie":` + counts[2] +
			`,"procesos_parados":` + counts[3] + `,"total_procesos":` + counts[4] + "}\n"
		if got, err := parseStates([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v, want %q", text, got, err, want)
		}
	}
}

// The error shows the beginning of the bytes, not a megabyte of them.
func TestMalformedIsBounded(t *testing.T) {
	_, err := parseCPU([]byte(`{"` + strings.Repeat("x", 1<<20)))
	if err == nil || len(err.Error()) > 2*maxObject || !strings.Contains(err.Error(), `"{\"xxx`) {
		t.Errorf("%.1000v", err)
	}
}

// Whatever object takes, JSON takes and understands alike.
func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":2}` + "\n"))
	f.Add([]byte(`{"c":0,"b":18446744073709551615,"a":7}` + "\n"))
	f.Add([]byte(`{"a":01,"b":2}` + "\n"))
	f.Add([]byte(`{"a":1,"a":2}` + "\n"))
	f.Add([]byte(`{"a":1`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var a, b uint64
		if object(text, field{"a", &a}, field{"b", &b}) != nil {
			return
		}
		var values map[string]uint64
		if err := json.Unmarshal(text, &values); err != nil || values["a"] != a || values["b"] != b {
			t.Errorf("%q: a is %d and b is %d, encoding/json has %v, %v", text, a, b, values, err)
		}
	})
}
