//go:build guest

package guest

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"testing"
)

type ram struct {
	Total     int64 `json:"total_kib"`
	Free      int64 `json:"free_kib"`
	Available int64 `json:"available_kib"`
}

var meminfoLine = regexp.MustCompile(`(?m)^(MemTotal|MemFree|MemAvailable): +(\d+) kB$`)

func readMeminfo(t *testing.T) ram {
	t.Helper()
	content, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]int64{}
	for _, found := range meminfoLine.FindAllSubmatch(content, -1) {
		value, err := strconv.ParseInt(string(found[2]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		values[string(found[1])] = value
	}
	if len(values) != 3 {
		t.Fatalf("/proc/meminfo: %v", values)
	}
	return ram{values["MemTotal"], values["MemFree"], values["MemAvailable"]}
}

// Where /proc/meminfo says the same before and after, the module says exactly that, with much and with little in use.
func TestRAM(t *testing.T) {
	load(t, "pulso_ram", "")
	same := func() (got ram) {
		await(t, "the module agrees with /proc/meminfo", func() bool {
			before := readMeminfo(t)
			readJSON(t, ramFile, &got)
			return got == before && got == readMeminfo(t)
		})
		return got
	}
	before := same()
	fill(t, 64)
	filled := same()
	if taken := before.Available - filled.Available; taken < 60<<10 || taken > 80<<10 {
		t.Errorf("%d KiB are gone after a file of 64 MiB in memory", taken)
	}
}

// fill makes a file in memory of so many MiB.
func fill(t *testing.T, mib int) {
	t.Helper()
	file, err := os.Create("/tmp/fill")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }) // the guest ends soon
	chunk := make([]byte, 1<<20)
	for range mib {
		if _, err := file.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
}
