//go:build guest

package guest

import (
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
	const size = 64 << 20
	if err := os.WriteFile("/tmp/fill", make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove("/tmp/fill") })
	filled := same()
	if taken := before.Available - filled.Available; taken < size/1024/2 || taken > size/1024*2 {
		t.Errorf("%d KiB are gone after a file of %d KiB in memory", taken, size/1024)
	}
}
