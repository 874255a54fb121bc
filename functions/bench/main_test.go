package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/mariadb"
)

// TestMain lets the test's binary stand for the benchmark's, which starts itself as a server.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{sketchArgument, servedArgument, bareArgument}, os.Args[1]) {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var short = plan{writers: []int{2, goal}, rounds: 1, fewer: 1, turn: 200 * time.Millisecond}

func functionsBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "functions")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// skipWithoutMariaDB is about a machine that lacks it, which fails where CI=true.
func skipWithoutMariaDB(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, mariadb.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
}

// The whole benchmark, short: every figure is there, and every line makes sense.
func TestBench(t *testing.T) {
	var out bytes.Buffer
	print := func(format string, values ...any) { fmt.Fprintf(&out, format, values...) }
	err := begin(t.Context(), print, short, functionsBinary(t), func(b *runner) error { return b.measure(t.Context(), "") })
	skipWithoutMariaDB(t, err)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Logf("\n%s", &out)
	for _, name := range []string{
		"store_batch_over_direct_150", "store_batch_over_load_data", "http_batch_over_direct_150", "http_cpu_direct_over_batch_150",
		"http_batch_over_sketch_150",
	} {
		found := regexp.MustCompile(`(?m)^figure ingest\.` + name + ` ([\d.]+)$`).FindSubmatch(out.Bytes())
		if found == nil {
			t.Errorf("no figure %s", name)
			continue
		}
		if value, err := strconv.ParseFloat(string(found[1]), 64); err != nil || value <= 0 || value > 100 {
			t.Errorf("%s is %s, %v", name, found[1], err)
		}
	}
	for _, line := range regexp.MustCompile(`(?m)^ +150 (.*)$`).FindAllSubmatch(out.Bytes(), -1) {
		// The sketch's and the batches' statements bring many rows, the others' one.
		fields := strings.Fields(string(line[1]))
		perStatement, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if many := !strings.HasPrefix(fields[0], "direct"); err != nil || many != (perStatement > 2) {
			t.Errorf("%v rows a statement, %v: %s", perStatement, err, line[0])
		}
	}
}

func silent(string, ...any) {}

// What the contenders are compared by is the same work: all of them store the same row.
func TestAllStoreTheSameRow(t *testing.T) {
	err := begin(t.Context(), silent, short, functionsBinary(t), func(b *runner) error {
		s, err := b.serving(t.Context())
		if err != nil {
			return err
		}
		want := ""
		for _, c := range []contender{
			overHTTP("direct", s.direct, false), overHTTP("batch", s.batch, true), overHTTP("sketch", s.sketch, false),
			overHTTP("served", s.served, false),
			overHTTP("bare", s.bare, false), loadData(b.db.plain),
		} {
			if _, err := measure(t.Context(), b.db, c, 3, b.turn); err != nil {
				return err
			}
			got, err := distinct(t.Context(), b.db)
			if err != nil {
				return err
			}
			if want == "" {
				want = got
			}
			if got != want || !strings.Contains(got, "62.58") {
				t.Errorf("%s stored\n%s\nand not\n%s", c.name, got, want)
			}
		}
		return nil
	})
	skipWithoutMariaDB(t, err)
	if err != nil {
		t.Error(err)
	}
}

// distinct is what the rows have in common, which differ in their host, their secuencia and their times.
func distinct(ctx context.Context, db *database) (string, error) {
	rows, err := db.plain.QueryContext(ctx, `SELECT DISTINCT CONCAT_WS(' ', total_ram, ram_libre, uso_ram, porcentaje_ram,
		porcentaje_cpu_uso, porcentaje_cpu_libre, procesos_corriendo, total_procesos, procesos_durmiendo, procesos_zombie,
		procesos_parados, fuente, host REGEXP '^vm-[0-9]{3}$', secuencia > 1.7e15, ABS(TIMESTAMPDIFF(SECOND, hora, UTC_TIMESTAMP)) < 60,
		ABS(TIMESTAMPDIFF(SECOND, recibido, UTC_TIMESTAMP)) < 60) FROM samples`)
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return "", err
		}
		all = append(all, one)
	}
	return strings.Join(all, "\n"), rows.Err()
}

func TestALostRowVoidsTheRun(t *testing.T) {
	loses := contender{name: "loses", pid: self, connect: func(context.Context, int) ([]writer, func(), error) {
		return []writer{func(context.Context) (int, error) { return 1, nil }}, func() {}, nil
	}}
	err := begin(t.Context(), silent, short, "", func(b *runner) error {
		_, err := b.compare(t.Context(), 1, []contender{loses})
		return err
	})
	skipWithoutMariaDB(t, err)
	if err == nil || !strings.Contains(err.Error(), "void") {
		t.Errorf("%v", err)
	}
}

func TestBenchFailsWithTheFunctions(t *testing.T) {
	for _, binary := range []string{"/nowhere", "/bin/true"} {
		err := begin(t.Context(), silent, short, binary, func(b *runner) error { return b.measure(t.Context(), "keys") })
		skipWithoutMariaDB(t, err)
		if err == nil {
			t.Errorf("%s was measured", binary)
		}
	}
}

func TestProfile(t *testing.T) {
	dir := t.TempDir()
	err := begin(t.Context(), silent, short, "", func(b *runner) error { return b.leaveProfile(t.Context(), dir) })
	skipWithoutMariaDB(t, err)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "tool", "pprof", "-top", filepath.Join(dir, "batch.pprof")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "functions.(*Handler).ServeHTTP") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestCreated(t *testing.T) {
	const whole = "HTTP/1.1 201 Created\r\nContent-Length: 3\r\nX: y\r\n\r\nabc"
	for n := range len(whole) {
		if done, err := created([]byte(whole[:n])); done || err != nil {
			t.Errorf("%q: %t, %v", whole[:n], done, err)
		}
	}
	if done, err := created([]byte(whole)); !done || err != nil {
		t.Errorf("%t, %v", done, err)
	}
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 201 Created\r\n\r\nabc", "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", whole + "d",
	} {
		if done, err := created([]byte(text)); err == nil {
			t.Errorf("%q: %t", text, done)
		}
	}
}

func TestOnlyTheNumberOfARequestChanges(t *testing.T) {
	r, err := newRequest(7, true)
	if err != nil {
		t.Fatal(err)
	}
	number := func() string { return strconv.FormatInt(r.secuencia, 10) }
	first, before := string(r.next()), number()
	second, after := string(r.next()), number()
	if before == after || strings.ReplaceAll(first, before, after) != second {
		t.Errorf("%q\n%q", first, second)
	}
	for _, part := range []string{"Idempotency-Key: bench-007-" + after + "\r\n", `"secuencia":` + after + `,`, `"host":"vm-007"`} {
		if !strings.Contains(second, part) {
			t.Errorf("no %q in %q", part, second)
		}
	}
	if r, err = newRequest(7, false); err != nil || bytes.Contains(r.next(), []byte("Idempotency-Key")) {
		t.Errorf("a key that was not asked for: %q, %v", r.text, err)
	}
}
