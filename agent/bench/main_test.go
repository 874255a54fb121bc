package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// TestMain lets the test's binary stand for the benchmark's, which starts itself as the bare server.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == bareArgument {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The whole benchmark, short: every figure is there, and makes sense.
func TestBench(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "agent")
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var out bytes.Buffer
	short := plan{clients: 20, rounds: 3, round: 300 * time.Millisecond, users: 1200 * time.Millisecond}
	print := func(format string, values ...any) { fmt.Fprintf(&out, format, values...) }
	if err := measure(t.Context(), print, binary, short); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Logf("\n%s", &out)
	// The bare server is this test's own binary, which the race detector slows down.
	for name, most := range map[string]float64{"http_over_bare": 10, "p99_ms_200rps": 1000, "rss_mib": 100} {
		found := regexp.MustCompile(`(?m)^figure agent\.` + name + ` ([\d.]+)$`).FindSubmatch(out.Bytes())
		if found == nil {
			t.Errorf("no figure %s", name)
			continue
		}
		if value, err := strconv.ParseFloat(string(found[1]), 64); err != nil || value <= 0 || value > most {
			t.Errorf("%s is %s, %v", name, found[1], err)
		}
	}
}

func TestBenchFailsWithTheAgent(t *testing.T) {
	for _, binary := range []string{"/nowhere", "/bin/true"} {
		if err := measure(t.Context(), nil, binary, plan{}); err == nil {
			t.Errorf("%s was measured", binary)
		}
	}
}

func TestAnswer(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\nabc"
	for n := range len(whole) {
		if body, err := answer([]byte(whole[:n])); body != nil || err != nil {
			t.Errorf("%q: %q, %v", whole[:n], body, err)
		}
	}
	if body, err := answer([]byte(whole)); string(body) != "abc" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	for _, text := range []string{
		"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 200 OK\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", whole + "d",
	} {
		if body, err := answer([]byte(text)); err == nil {
			t.Errorf("%q gave %q", text, body)
		}
	}
}
