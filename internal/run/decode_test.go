package run_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
	"github.com/pulso-lab/pulso/internal/run"
)

// full is a run in which every field of the contract holds something.
func full() run.Run {
	start := time.Date(2026, 11, 30, 18, 42, 37, 123456000, time.UTC)
	var fast, slow latency.Histogram
	for i := range 40 {
		fast.Observe(time.Duration(i) * time.Millisecond)
		slow.Observe(time.Duration(i) * time.Second)
	}
	return run.Run{
		Header: run.Header{
			Version: run.Version, ID: "20261130-184237-3f9c2a1b", Name: "Martes, e2-standard-4 🐧", Phase: run.PhaseLeave, Recording: "20261130-180000-00000000",
			VM: run.VM{Host: "vm-ñ", CPUs: 4, RAM: 15989, Machine: "e2-standard-4", Kernel: "6.1.0-37-cloud-amd64", Processes: 4194304},
			Protocol: run.Protocol{
				Users: 300, SpawnRate: 10.5, WaitMin: 1, WaitMax: 2, Duration: 180, Ramp: true, Speed: 1, Target: "http://10.0.0.2:8082/trabajo?n=1", Records: 2000,
				Objective: run.Objective{Percentile: 99.9, Latency: 0.5, Errors: 2.5}, Workload: &run.Workload{CPU: 4.25, Memory: 1},
			},
			Start: start, End: start.Add(3 * time.Minute),
		},
		Seconds: []run.Second{
			{Second: 0, Targets: []run.Target{}},
			{
				Second: 1, Users: 10, Generator: 33.25,
				Vitals:  &run.Vitals{Hora: "2026-11-30 18:42:38.123", CPU: 99.99, RAM: 12.5, Running: 3.5, Processes: 118},
				Targets: []run.Target{{Name: "agent", Requests: 41, Failures: 1, Latency: fast}, {Name: "workload", Requests: 40, Latency: slow}},
			},
			{Second: run.MaxSeconds - 1, Users: 1, Targets: []run.Target{{Name: "entry", Requests: 5, Failures: 5}}},
		},
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// with is the full run after an edit of its JSON: the value at a path, such as seconds 1 users, becomes raw JSON, or
// goes where that is empty.
func with(t testing.TB, path, raw string) []byte {
	t.Helper()
	var document any
	if err := json.Unmarshal(encode(t, full()), &document); err != nil {
		t.Fatal(err)
	}
	const here = "HERE"
	steps := strings.Fields(path)
	at := document
	for _, step := range steps[:len(steps)-1] {
		at = enter(at, step)
	}
	last := steps[len(steps)-1]
	switch at := at.(type) {
	case map[string]any:
		at[last] = here
		if raw == "" {
			delete(at, last)
		}
	case []any:
		at[int(last[0]-'0')] = here
	}
	return []byte(strings.Replace(string(encode(t, document)), `"`+here+`"`, raw, 1))
}

func enter(in any, step string) any {
	if list, ok := in.([]any); ok {
		return list[int(step[0]-'0')]
	}
	return in.(map[string]any)[step]
}

func faults(t testing.TB, body []byte) []run.Fault {
	t.Helper()
	_, err := run.Decode(body)
	fields, ok := errors.AsType[*run.FieldError](err)
	if !ok {
		t.Fatalf("%.300s: %v, want a FieldError", body, err)
	}
	return fields.Faults
}

func TestARunComesBackAsItWas(t *testing.T) {
	want := full()
	somewhere(t, reflect.ValueOf(want), "run")
	got, err := run.Decode(encode(t, want))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", encode(t, got), encode(t, want))
	}
}

// somewhere fails where a field holds nothing in the whole document: one that Decode does not know would not be missed.
func somewhere(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	if v.IsZero() {
		t.Errorf("%s is zero in the run of this test", name)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		somewhere(t, v.Elem(), name)
	case reflect.Slice:
		merged := reflect.New(v.Type().Elem()).Elem()
		for i := range v.Len() {
			for j := range merged.NumField() {
				switch f := v.Index(i).Field(j); {
				case f.Kind() == reflect.Slice:
					merged.Field(j).Set(reflect.AppendSlice(merged.Field(j), f))
				case merged.Field(j).IsZero():
					merged.Field(j).Set(f)
				}
			}
		}
		somewhere(t, merged, name+"[]")
	case reflect.Struct:
		if v.Type().PkgPath() == reflect.TypeFor[run.Run]().PkgPath() {
			for i := range v.NumField() {
				somewhere(t, v.Field(i), name+"."+v.Type().Field(i).Name)
			}
		}
	default:
	}
}

func TestDecodeIsLiberal(t *testing.T) {
	for name, tt := range map[string]struct {
		path, raw string
		want      func(run.Run) bool
	}{
		"an unknown field":       {"color", `{"a":[1,{"b":null}]}`, func(r run.Run) bool { return r.Phase == 2 }},
		"an unknown inner field": {"seconds 1 targets 0 p95", `1e999`, func(r run.Run) bool { return len(r.Seconds) == 3 }},
		"a whole float":          {"seconds 1 users", "12.0", func(r run.Run) bool { return r.Seconds[1].Users == 12 }},
		"minus nothing":          {"protocol speed", "-0.0", func(r run.Run) bool { return fmt.Sprint(r.Protocol.Speed) == "0" }},
		"no VM":                  {"vm", "", func(r run.Run) bool { return r.VM == run.VM{} }},
		"no objective":           {"protocol objective", "", func(r run.Run) bool { return r.Protocol.Objective == run.DefaultObjective }},
		"no workload":            {"protocol workload", "", func(r run.Run) bool { return r.Protocol.Workload == nil }},
		"no vitals":              {"seconds 1 vitals", "", func(r run.Run) bool { return r.Seconds[1].Vitals == nil }},
		"no recording":           {"recording", `""`, func(r run.Run) bool { return r.Recording == "" }},
		"no host":                {"vm host", `""`, func(r run.Run) bool { return r.VM.Host == "" }},
		"no seconds":             {"seconds", "[ ]", func(r run.Run) bool { return r.Seconds != nil && len(r.Seconds) == 0 }},
		"another offset": {"start", `"2026-11-30T12:42:37.5-06:00"`, func(r run.Run) bool {
			return r.Start.Equal(time.Date(2026, 11, 30, 18, 42, 37, 500_000_000, time.UTC))
		}},
		"another form of hora": {"seconds 1 vitals hora", `"2026-11-30T12:42:38.1234567-06:00"`, func(r run.Run) bool {
			return r.Seconds[1].Vitals.Hora == "2026-11-30 18:42:38.123"
		}},
		"the longest name": {"name", `"` + strings.Repeat("ñ", run.MaxName) + `"`, func(r run.Run) bool { return len(r.Name) == 2*run.MaxName }},
		"the most requests": {"seconds 1 targets 0 requests", "1e9", func(r run.Run) bool {
			return r.Seconds[1].Targets[0].Requests == run.MaxNumber
		}},
	} {
		r, err := run.Decode(with(t, tt.path, tt.raw))
		if err != nil || !tt.want(r) {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
	}
}

func TestDecodeNamesTheBadField(t *testing.T) {
	for _, tt := range []struct{ path, raw, campo, motivo string }{
		{"version", "2", "version", "is 2: this program knows 1"},
		{"version", "", "version", "is missing"},
		{"id", `"20261130-184237-3F9C2A1B"`, "id", "1 to 64 of a–z"},
		{"id", `"' OR 1=1 --"`, "id", "1 to 64"},
		{"id", `"a\u0000"`, "id", "1 to 64"},
		{"id", `"a\n"`, "id", "1 to 64"},
		{"id", `""`, "id", "1 to 64"},
		{"id", `"` + strings.Repeat("a", 65) + `"`, "id", "1 to 64"},
		{"name", `"a\u0000b"`, "name", "has control characters"},
		{"name", `"a\u0085b"`, "name", "has control characters"},
		{"name", `"a\u202eb"`, "name", "has control characters"},
		{"name", `"  "`, "name", "has nothing that can be seen"},
		{"name", `"\ufeff"`, "name", "has nothing that can be seen"},
		{"name", `"` + strings.Repeat("ñ", run.MaxName+1) + `"`, "name", "has 121 characters, over 120"},
		{"name", "null", "name", "is null, not a string"},
		{"phase", "0", "phase", "neither 1 nor 2"},
		{"phase", "3", "phase", "is 3, over 2"},
		{"recording", `"a b"`, "recording", "1 to 64"},
		{"vm", "null", "vm", "is null, not an object"},
		{"vm host", `" vm"`, "vm.host", "white space"},
		{"vm cpus", "1.5", "vm.cpus", "is 1.5, not a whole number"},
		{"vm ram_mib", "1e308", "vm.ram_mib", "is 1e308, over 1000000000"},
		{"vm kernel", `"` + strings.Repeat("k", 254) + `"`, "vm.kernel", "has 254 bytes, over 253"},
		{"vm machine", `"e2\u001b[2J"`, "vm.machine", "has control characters"},
		{"protocol", "", "protocol", "is missing"},
		{"protocol users", "", "protocol.users", "is missing"},
		{"protocol users", "9007199254740993", "protocol.users", "over 1000000000"},
		{"protocol spawn_rate", "1e999", "protocol.spawn_rate", "is 1e999, far too large"},
		{"protocol wait_min", "-1", "protocol.wait_min", "is -1, negative"},
		{"protocol ramp", "1", "protocol.ramp", "is a number, not a boolean"},
		{"protocol target", `"` + strings.Repeat("t", 2049) + `"`, "protocol.target", "has 2049 bytes, over 2048"},
		{"protocol objective percentile", "100", "protocol.objective", "has the percentile 100"},
		{"protocol objective percentile", "0", "protocol.objective", "has the percentile 0"},
		{"protocol objective latency_ms", "0", "protocol.objective", "has a latency of 0 ms"},
		{"protocol objective errors_percent", "101", "protocol.objective", "has 101 % of errors"},
		{"protocol objective errors_percent", "", "protocol.objective.errors_percent", "is missing"},
		{"protocol workload cpu_ms", `"4"`, "protocol.workload.cpu_ms", "is a string, not a number"},
		{"start", `"2026-11-30 18:42:37"`, "start", "not a time like"},
		{"start", `"1969-12-31T23:59:59Z"`, "start", "outside the years"},
		{"end", `"9999-12-31T23:59:59-01:00"`, "end", "outside the years"},
		{"end", `"2026-11-30T18:42:36Z"`, "end", "is before start"},
		{"seconds", "{}", "seconds", "is an object, not an array"},
		{"seconds 1", "7", "seconds[1]", "is a number, not an object"},
		{"seconds 1 second", "0", "seconds[1].second", "is 0, after 0: they must ascend"},
		{"seconds 2 second", "14400", "seconds[2].second", "is 14400, over 14399"},
		{"seconds 1 generator_percent", "true", "seconds[1].generator_percent", "is a boolean, not a number"},
		{"seconds 1 vitals", "null", "seconds[1].vitals", "is null, not an object"},
		{"seconds 1 vitals hora", `"2026-02-30 00:00:00"`, "seconds[1].vitals.hora", "is wrong: "},
		{"seconds 1 vitals porcentaje_cpu_uso", "100.01", "seconds[1].vitals.porcentaje_cpu_uso", "is 100.01, over 100"},
		{"seconds 1 vitals total_procesos", "", "seconds[1].vitals.total_procesos", "is missing"},
		{"seconds 1 targets", "", "seconds[1].targets", "is missing"},
		{"seconds 1 targets", "[" + strings.Repeat("1,", run.MaxTargets) + "1]", "seconds[1].targets", "has more than 4 elements"},
		{"seconds 1 targets 0 name", `"Agent"`, "seconds[1].targets[0].name", "1 to 32"},
		{"seconds 1 targets 0 name", `"workload"`, "seconds[1].targets[1].name", `is "workload", after "workload"`},
		{"seconds 1 targets 0 name", `"x"`, "seconds[1].targets[1].name", `is "workload", after "x"`},
		{"seconds 1 targets 0 failures", "42", "seconds[1].targets[0].failures", "is 42, of 41 requests"},
		{"seconds 1 targets 0 failures", "2", "seconds[1].targets[0].latency", "counts 40 good answers, of 39"},
		{"seconds 1 targets 0 requests", "1e308", "seconds[1].targets[0].requests", "over 1000000000"},
		{"seconds 1 targets 0 latency", "[[155,1]]", "seconds[1].targets[0].latency", "is wrong: entry 0 is of bucket 155"},
		{"seconds 1 targets 0 latency", "[[0,9007199254740991],[1,9007199254740991]]", "seconds[1].targets[0].latency", "counts 18014398509481982 good answers"},
		{"seconds 1 targets 0 latency", "null", "seconds[1].targets[0].latency", "is wrong: not an array"},
	} {
		named := faults(t, with(t, tt.path, tt.raw))
		if !slices.ContainsFunc(named, func(f run.Fault) bool { return f.Campo == tt.campo && strings.Contains(f.Motivo, tt.motivo) }) {
			t.Errorf("%s = %.40s: %+v; want %s %s", tt.path, tt.raw, named, tt.campo, tt.motivo)
		}
	}
}

func TestDecodeNamesAllBadFieldsAtOnce(t *testing.T) {
	named := faults(t, []byte(`{"version":1,"id":"A","phase":1,"protocol":{"users":-1},"start":"x","seconds":[{"second":0,"users":1.5,"targets":[{}]},4]}`))
	var campos []string
	for _, f := range named {
		campos = append(campos, f.Campo)
	}
	want := []string{
		"id", "protocol.users", "start", "seconds[0].users", "seconds[0].targets[0].name", "seconds[0].targets[0].requests",
		"seconds[0].targets[0].failures", "seconds[0].targets[0].latency", "seconds[1]", "end",
	}
	if !slices.Equal(campos, want) {
		t.Errorf("got  %q\nwant %q", campos, want)
	}
}

func TestDecodeRefusesWhatIsNotTheContractsJSON(t *testing.T) {
	whole := string(encode(t, full()))
	for name, body := range map[string]string{
		"nothing":                           "",
		"half":                              whole[:len(whole)/2],
		"two":                               whole + whole,
		"NaN":                               string(with(t, "protocol speed", "NaN")),
		"a duplicate key":                   strings.Replace(whole, `"users":10`, `"users":10,"users":11`, 1),
		"invalid UTF-8":                     strings.Replace(whole, "Martes", "Mar\xfftes", 1),
		"a lone surrogate":                  string(with(t, "name", `"\ud800"`)),
		"much depth":                        string(with(t, "color", strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000))),
		"much depth where an object is due": string(with(t, "vm", strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000))),
	} {
		if _, err := run.Decode([]byte(body)); !errors.Is(err, run.ErrSyntax) || len(err.Error()) > 400 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, body := range map[string]string{"an array": "[" + whole + "]", "a number": "1", "null": "null"} {
		if named := faults(t, []byte(body)); len(named) != 1 || named[0].Campo != "" {
			t.Errorf("%s: %+v", name, named)
		}
	}
}

func TestDecodeIsBounded(t *testing.T) {
	long := full()
	long.Seconds = make([]run.Second, run.MaxSeconds)
	for i := range long.Seconds {
		long.Seconds[i] = run.Second{Second: i, Targets: []run.Target{}}
	}
	body := encode(t, long)
	if r, err := run.Decode(body); err != nil || len(r.Seconds) != run.MaxSeconds {
		t.Errorf("%d seconds, %v", len(r.Seconds), err)
	}
	longer := strings.TrimSuffix(string(body), "]}") + `,{"second":3},7]}`
	if named := faults(t, []byte(longer)); len(named) != 1 || named[0].Campo != "seconds" || !strings.Contains(named[0].Motivo, "14400") {
		t.Errorf("%+v", named)
	}
	if named := func() []run.Fault {
		_, err := run.DecodePart(body)
		fields, _ := errors.AsType[*run.FieldError](err)
		return fields.Faults
	}(); len(named) != 1 || named[0].Campo != "seconds" || !strings.Contains(named[0].Motivo, "300") {
		t.Errorf("as a part: %+v", named)
	}
	worse := with(t, "seconds", "["+strings.Repeat("{},", run.MaxSeconds)+"{}]")
	if named := faults(t, worse); len(named) != 100 || named[99].Campo != "seconds[33].second" {
		t.Errorf("%d faults, the last %+v", len(named), named[len(named)-1])
	}
	_, err := run.Decode(with(t, "id", `"`+strings.Repeat("x", 1<<20)+`"`))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

// What is taken is taken again, as it was; and nothing makes Decode fall over.
func FuzzDecode(f *testing.F) {
	f.Add(encode(f, full()))
	for _, edit := range [][2]string{
		{"seconds 1 targets 0 latency", "[[154,1],[0,1]]"}, {"seconds 1 second", "-0"}, {"start", `"2026-11-30T18:42:37.123456789+14:00"`},
		{"seconds 1 users", "1e308"}, {"protocol objective", "{}"}, {"name", `"\u0000\ud83d\ude00"`}, {"vm", "[[[["},
	} {
		f.Add(with(f, edit[0], edit[1]))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := run.Decode(body)
		if err != nil {
			named, ok := errors.AsType[*run.FieldError](err)
			if ok == errors.Is(err, run.ErrSyntax) || ok && (len(named.Faults) == 0 || len(named.Faults) > 100) {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := run.Decode(encode(t, r))
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%v\ngot  %s\nwant %s", err, encode(t, again), encode(t, r))
		}
	})
}
