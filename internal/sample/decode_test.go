package sample_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/internal/golden"
	"github.com/pulso-lab/pulso/internal/sample"
)

// course is the example of the course's own text, to the letter.
const course = `{
  "total_ram": 2072, "ram_libre": 1110552576, "uso_ram": 442, "porcentaje_ram": 22,
  "porcentaje_cpu_uso": 22, "porcentaje_cpu_libre": 88,
  "procesos_corriendo": 123, "total_procesos": 233, "procesos_durmiendo": 65, "procesos_zombie": 65,
  "procesos_parados": 65, "hora": "2025-06-17 02:21:54"
}`

// with is the course's example with one field set to raw JSON; an empty value takes the field out.
func with(field, value string) string {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(course), &fields); err != nil {
		panic(err)
	}
	delete(fields, field)
	if value == "" {
		return marshal(fields)
	}
	// Not through a map: the value may be something that JSON does not know.
	rest := strings.TrimSuffix(marshal(fields), "}")
	return fmt.Sprintf("%s,%q:%s}", rest, field, value)
}

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func one(t *testing.T, body string) sample.Sample {
	t.Helper()
	samples, err := sample.Decode([]byte(body))
	if err != nil {
		t.Fatalf("Decode(%.200s): %v", body, err)
	}
	if len(samples) != 1 {
		t.Fatalf("Decode(%.200s) = %d samples", body, len(samples))
	}
	return samples[0]
}

func TestDecodeTheCoursesExample(t *testing.T) {
	got := one(t, course)
	if got.Hora.String() != "2025-06-17 02:21:54" {
		t.Errorf("hora = %s", got.Hora)
	}
	got.Hora = sample.Hora{}
	want := sample.Sample{
		TotalRAM: 2072, RAMLibre: 1110552576, UsoRAM: 442, PorcentajeRAM: 22, PorcentajeCPUUso: 22,
		PorcentajeCPULibre: 88, ProcesosCorriendo: 123, TotalProcesos: 233, ProcesosDurmiendo: 65,
		ProcesosZombie: 65, ProcesosParados: 65,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDecodeTheGoldenRecording(t *testing.T) {
	got, err := sample.Decode(golden.RecordingJSON())
	if err != nil {
		t.Fatal(err)
	}
	var compact, want any
	if err := errors.Join(json.Unmarshal([]byte(marshal(got)), &compact), json.Unmarshal(golden.RecordingJSON(), &want)); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(compact) != fmt.Sprint(want) {
		t.Error("the recording is not the same after decoding and encoding")
	}
}

func TestDecodeIsLiberal(t *testing.T) {
	tests := map[string]struct {
		body  string
		check func(sample.Sample) bool
	}{
		"float for an integer":          {with("total_ram", "1967.6"), func(s sample.Sample) bool { return s.TotalRAM == 1968 }},
		"exponent":                      {with("total_ram", "1e3"), func(s sample.Sample) bool { return s.TotalRAM == 1000 }},
		"integer for a float":           {with("porcentaje_ram", "33"), func(s sample.Sample) bool { return s.PorcentajeRAM == 33 }},
		"decimals are kept":             {with("porcentaje_ram", "33.123456"), func(s sample.Sample) bool { return s.PorcentajeRAM == 33.123456 }},
		"minus zero is zero":            {with("porcentaje_ram", "-0.0"), func(s sample.Sample) bool { return !math.Signbit(s.PorcentajeRAM) }},
		"extra field":                   {with("api", `"Python"`), func(s sample.Sample) bool { return s.TotalRAM == 2072 }},
		"extra nested field":            {with("x", `{"total_ram":[{"a":null}]}`), func(s sample.Sample) bool { return s.TotalRAM == 2072 }},
		"escaped field name":            {with("", "0")[:1] + `"\u0068ost":"vm",` + with("", "0")[1:], func(s sample.Sample) bool { return s.Host == "vm" }},
		"largest integer":               {with("total_ram", "9007199254740991"), func(s sample.Sample) bool { return s.TotalRAM == sample.MaxInteger }},
		"RFC 3339, UTC":                 {with("hora", `"2025-06-17T02:21:54Z"`), hora("2025-06-17 02:21:54")},
		"RFC 3339 with an offset":       {with("hora", `"2025-06-16T20:21:54.25-06:00"`), hora("2025-06-17 02:21:54.250")},
		"milliseconds":                  {with("hora", `"2025-06-17 02:21:54.120"`), hora("2025-06-17 02:21:54.120")},
		"nanoseconds are cut":           {with("hora", `"2025-06-17 02:21:54.123999999"`), hora("2025-06-17 02:21:54.123")},
		"leap day":                      {with("hora", `"2024-02-29 00:00:00"`), hora("2024-02-29 00:00:00")},
		"host":                          {with("host", `"vm-ñandú"`), func(s sample.Sample) bool { return s.Host == "vm-ñandú" }},
		"longest host":                  {with("host", `"`+strings.Repeat("a", 253)+`"`), func(s sample.Sample) bool { return len(s.Host) == 253 }},
		"secuencia":                     {with("secuencia", "1772366400000001"), func(s sample.Sample) bool { return *s.Secuencia == 1772366400000001 }},
		"secuencia as a whole float":    {with("secuencia", "17.0"), func(s sample.Sample) bool { return *s.Secuencia == 17 }},
		"secuencia absent is not zero":  {course, func(s sample.Sample) bool { return s.Secuencia == nil }},
		"fuente":                        {with("fuente", `"kernel"`), func(s sample.Sample) bool { return s.Fuente == "kernel" }},
		"white space around":            {"\n\t " + course + " \n", func(s sample.Sample) bool { return s.TotalRAM == 2072 }},
		"an array of one":               {"[" + course + "]", func(s sample.Sample) bool { return s.TotalRAM == 2072 }},
		"nesting in an ignored field":   {with("x", strings.Repeat("[", 1000)+strings.Repeat("]", 1000)), func(s sample.Sample) bool { return s.TotalRAM == 2072 }},
		"percentages need not sum up":   {with("porcentaje_cpu_libre", "100"), func(s sample.Sample) bool { return s.PorcentajeCPULibre == 100 }},
		"total need not be the sum":     {with("total_procesos", "0"), func(s sample.Sample) bool { return s.TotalProcesos == 0 }},
		"the oldest date":               {with("hora", `"1970-01-01 00:00:00"`), hora("1970-01-01 00:00:00")},
		"the newest date":               {with("hora", `"9999-12-31 23:59:59.999"`), hora("9999-12-31 23:59:59.999")},
		"a name of other case is extra": {with("Total_RAM", `"x"`), func(s sample.Sample) bool { return s.TotalRAM == 2072 }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := one(t, tt.body); !tt.check(got) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func hora(want string) func(sample.Sample) bool {
	return func(s sample.Sample) bool { return s.Hora.String() == want }
}

func TestDecodeNamesTheBadField(t *testing.T) {
	tests := []struct{ field, value, motivo string }{
		{"total_ram", `"2072"`, "is a string, not a number"},
		{"total_ram", `null`, "is null, not a number"},
		{"total_ram", `true`, "is a boolean, not a number"},
		{"total_ram", `{}`, "is an object, not a number"},
		{"total_ram", `[1]`, "is an array, not a number"},
		{"total_ram", `-1`, "is -1, negative"},
		{"total_ram", `9007199254740992`, "is 9007199254740992, over 9007199254740991"},
		{"total_ram", `1e400`, "is 1e400, far too large"},
		{"procesos_zombie", `-0.6`, "is -0.6, negative"},
		{"porcentaje_ram", `100.01`, "is 100.01, over 100"},
		{"porcentaje_cpu_uso", `-5`, "is -5, negative"},
		{"hora", `1750126914`, "is a number, not a string"},
		{"hora", `"2025-02-30 00:00:00"`, `is wrong: "2025-02-30 00:00:00" is not a date like 2025-06-17 02:21:54`},
		{"hora", `"2025-06-17 24:00:00"`, `is wrong: "2025-06-17 24:00:00" is not a date like 2025-06-17 02:21:54`},
		{"hora", `"2025-06-17 23:59:60"`, `is wrong: "2025-06-17 23:59:60" is not a date like 2025-06-17 02:21:54`},
		{"hora", `"2025-06-17 2:21:54"`, `is wrong: "2025-06-17 2:21:54" is not a date like 2025-06-17 02:21:54`},
		{"hora", `"2025-06-17"`, `is wrong: "2025-06-17" is not a date like 2025-06-17 02:21:54`},
		{"hora", `"2025-06-17 02:21:54,5"`, `is wrong: "2025-06-17 02:21:54,5" is not a date like 2025-06-17 02:21:54`},
		{"hora", `"2025-06-17 02:21:54.1234567890"`, `is wrong: "2025-06-17 02:21:54.1234567890" is not a date like 2025-06-17 02:21:54`},
		{"hora", `"2025-06-17T02:21:54"`, `is wrong: "2025-06-17T02:21:54" is not a date like 2025-06-17 02:21:54`},
		{"hora", `""`, `is wrong: "" is not a date like 2025-06-17 02:21:54`},
		{"hora", `"1969-12-31 23:59:59"`, `is wrong: "1969-12-31 23:59:59" is outside the years 1970 to 9999`},
		{"hora", `"1970-01-01T00:00:00+01:00"`, `is wrong: "1970-01-01T00:00:00+01:00" is outside the years 1970 to 9999`},
		{"host", `""`, "is empty; leave it out when it is unknown"},
		{"host", `7`, "is a number, not a string"},
		{"host", `"a\nb"`, "has control characters"},
		{"host", `"vm "`, "begins or ends with white space"},
		{"host", `"` + strings.Repeat("ñ", 127) + `"`, "has 254 bytes, over 253"},
		{"secuencia", `1.5`, "is 1.5, not a whole number"},
		{"secuencia", `-1`, "is -1, negative"},
		{"secuencia", `"7"`, "is a string, not a number"},
		{"secuencia", `1e300`, "is 1e300, over 9007199254740991"},
		{"fuente", `"invented"`, `is "invented", neither "kernel" nor "procfs"`},
		{"fuente", `null`, "is null, not a string"},
		{"porcentaje_ram", "0." + strings.Repeat("0", 100) + "1e300", "is 0.00000000000000000000000000000000000000…, over 100"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %.40s", tt.field, tt.value), func(t *testing.T) {
			want := []sample.Fault{{Campo: tt.field, Motivo: tt.motivo}}
			if got := faults(t, with(tt.field, tt.value)); !slices.Equal(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func faults(t *testing.T, body string) []sample.Fault {
	t.Helper()
	samples, err := sample.Decode([]byte(body))
	var fieldErr *sample.FieldError
	if !errors.As(err, &fieldErr) {
		t.Fatalf("Decode(%.200s) = %v, %v; want a FieldError", body, samples, err)
	}
	return fieldErr.Faults
}

func TestDecodeNamesAllBadFieldsAtOnce(t *testing.T) {
	got := faults(t, `{}`)
	if len(got) != 12 {
		t.Errorf("an empty object misses %d fields, want 12: %+v", len(got), got)
	}
	got = faults(t, "["+course+","+with("hora", "")+","+with("total_ram", `"x"`)+"]")
	want := []sample.Fault{
		{Muestra: 1, Campo: "hora", Motivo: "is missing"},
		{Muestra: 2, Campo: "total_ram", Motivo: "is a string, not a number"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := faults(t, "["+strings.TrimSuffix(strings.Repeat("{},", sample.MaxBatch), ",")+"]"); len(got) != 100 {
		t.Errorf("%d faults in one answer, want them bounded by 100", len(got))
	}
}

func TestDecodeRefusesWhatIsNotTheContractsJSON(t *testing.T) {
	tests := map[string]string{
		"nothing":                      ``,
		"white space":                  "  \n",
		"not JSON":                     `hola`,
		"cut off":                      course[:100],
		"a form":                       `total_ram=1&ram_libre=2`,
		"NaN":                          with("total_ram", "NaN"),
		"Infinity":                     with("total_ram", "-Infinity"),
		"hexadecimal":                  with("total_ram", "0x10"),
		"leading zero":                 with("total_ram", "007"),
		"plus sign":                    with("total_ram", "+7"),
		"single quotes":                `{'total_ram':1}`,
		"comment":                      `/* no */` + course,
		"trailing comma":               `[` + course + `,]`,
		"two values":                   course + course,
		"something after the array":    `[` + course + `]]`,
		"duplicate key":                strings.Replace(course, "{", `{"total_ram":1,`, 1),
		"duplicate key by escape":      strings.Replace(course, "{", `{"total\u005fram":1,`, 1),
		"duplicate key, ignored field": with("x", `{"a":1,"a":2}`),
		"deep nesting":                 with("x", strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)),
		"deep nesting, never closed":   strings.Repeat(`{"a":`, 100_000),
		"invalid UTF-8":                with("x", "\"\xff\""),
		"byte-order mark":              "\ufeff" + course,
		"UTF-16":                       "\xff\xfe{\x00}\x00",
		"a number":                     `5`,
		"null":                         `null`,
		"a string":                     `"x"`,
		"an empty array":               `[]`,
		"an array in an array":         `[[` + course + `]]`,
		"an array with null":           `[` + course + `,null]`,
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			samples, err := sample.Decode([]byte(body))
			if !errors.Is(err, sample.ErrSyntax) || samples != nil {
				t.Errorf("Decode = %v, %v; want ErrSyntax", samples, err)
			}
		})
	}
}

func TestAnErrorIsShort(t *testing.T) {
	key := strings.Repeat("k", 400_000)
	if _, err := sample.Decode([]byte(`{"` + key + `":1,"` + key + `":2}`)); err == nil || len(err.Error()) > 300 {
		t.Errorf("%.400v", err)
	}
}

func TestDecodeBoundsABatch(t *testing.T) {
	array := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(course+",", n), ",") + "]" }
	if samples, err := sample.Decode([]byte(array(sample.MaxBatch))); err != nil || len(samples) != sample.MaxBatch {
		t.Errorf("%d samples: %d, %v", sample.MaxBatch, len(samples), err)
	}
	if _, err := sample.Decode([]byte(array(sample.MaxBatch + 1))); !errors.Is(err, sample.ErrTooMany) {
		t.Errorf("%d samples: %v, want ErrTooMany", sample.MaxBatch+1, err)
	}
}

// FuzzDecode holds that whatever comes in, a sample that is accepted is within the contract's bounds and is accepted
// again, unchanged, when it is sent on.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(course))
	f.Add([]byte("[" + course + "," + with("hora", `"2025-06-16T20:21:54.25-06:00"`) + "]"))
	f.Add([]byte(with("host", `"a"`)))
	f.Add([]byte(with("secuencia", `9007199254740991`)))
	f.Add([]byte(`{"hora":"9999-12-31T23:59:59-23:59"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		samples, err := sample.Decode(body)
		if err != nil {
			return
		}
		again, err := sample.Decode([]byte(marshal(samples)))
		if err != nil || marshal(again) != marshal(samples) {
			t.Fatalf("sent on, it is %s, %v; it was %s", marshal(again), err, marshal(samples))
		}
		for _, s := range samples {
			if s.TotalRAM < 0 || s.TotalRAM > sample.MaxInteger || s.PorcentajeRAM < 0 || s.PorcentajeRAM > 100 || len(s.Host) > sample.MaxHost {
				t.Fatalf("out of bounds: %+v", s)
			}
		}
	})
}
