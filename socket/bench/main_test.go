package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/mariadb"
	"github.com/pulso-lab/pulso/internal/sample"
	"github.com/pulso-lab/pulso/internal/store"
)

// local is the programs of this checkout; without the Node.js packages, a test skips, which fails where CI=true.
func local(t *testing.T) programs {
	t.Helper()
	if _, err := os.Stat("node/node_modules/socket.io"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("make socket/bench/node/node_modules/ready: ", err)
	}
	binary := filepath.Join(t.TempDir(), "socket")
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return programs{binary, "node"}
}

// running runs a benchmark, and returns what it prints.
func running(t *testing.T, p plan, where programs, do func(*runner) error) string {
	t.Helper()
	var out bytes.Buffer
	err := begin(t.Context(), func(format string, values ...any) { fmt.Fprintf(&out, format, values...) }, p, where, do)
	if errors.Is(err, mariadb.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Logf("\n%s", &out)
	return out.String()
}

// figure is one of them.
func figure(t *testing.T, out, name string) float64 {
	t.Helper()
	found := regexp.MustCompile(`(?m)^figure stream\.` + name + ` (-?[\d.]+)$`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("no figure %s", name)
	}
	value, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Error(err)
	}
	return value
}

var short = plan{
	scenarios: []scenario{{20, 100, 2, all}}, warm: 600 * time.Millisecond, measured: time.Second,
}

// The whole benchmark, short: every figure is there, and makes sense.
func TestBench(t *testing.T) {
	out := running(t, short, local(t), func(r *runner) error { return r.measure(t.Context()) })
	for name, most := range map[string]float64{
		"lost_rows": 0, "duplicate_rows": 0, "commit_to_client_p99_ms_20_100": 5000, "rss_per_connection_kib_20_100": 10_000,
		"cpu_over_node_single_20_100": 100, "cpu_over_node_batched_20_100": 100,
	} {
		if value := figure(t, out, name); value < 0 || value > most {
			t.Errorf("%s is %v", name, value)
		}
	}
	for _, line := range regexp.MustCompile(`(?m)^ +20 +(\d+) (\w+) +(\d+) +([\d.]+) .*$`).FindAllStringSubmatch(out, -1) {
		number := func(i int) float64 { n, _ := strconv.ParseFloat(line[i], 64); return n }
		// Every row goes to every client; only one of the servers sends each alone.
		if delivered := number(3) / number(1); delivered < 10 || delivered > 40 {
			t.Errorf("a row was delivered %.1f times to 20 clients: %s", delivered, line[0])
		}
		if alone := number(4) > 20; alone != (line[2] == single) {
			t.Errorf("%s", line[0])
		}
	}
}

// What the servers are compared by is the same work: all of them send the same row.
func TestAllSendTheSameRow(t *testing.T) {
	where := local(t)
	running(t, short, where, func(r *runner) error {
		var want map[string]any
		at := time.UnixMicro(1_750_000_000_123_000)
		for _, name := range all {
			dsn, err := r.db.Tables(t.Context(), "row_"+name)
			if err != nil {
				return err
			}
			got, err := firstRow(t.Context(), where, name, dsn, at)
			if err != nil {
				return err
			}
			if want == nil {
				want = got
			}
			if len(got) != 18 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s sent\n%v\nand not\n%v", name, got, want)
			}
		}
		return nil
	})
}

// firstRow is what a server sends of a row that is stored while a client listens.
func firstRow(ctx context.Context, where programs, name, dsn string, at time.Time) (row map[string]any, err error) {
	db, err := store.Open(dsn, 1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	server, err := where.start(ctx, name, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	c := &client{ledger: ledger{arrived: make([]stamp, 1)}, address: server.Address, greeted: name == ours}
	if err := c.connect(ctx, false); err != nil {
		return nil, err
	}
	defer c.cut()
	_, err = db.Insert(ctx, store.Request{API: "api1", Samples: []sample.Sample{vitals(0, at)}, Recibido: sample.NewRecibido(at)})
	if err != nil {
		return nil, err
	}
	_ = c.conn.Load().SetReadDeadline(time.Now().Add(patience))
	for row == nil {
		h, err := readHead(c.in)
		if err != nil {
			return nil, err
		}
		if err := whole(c.in, h, func(text []byte) error {
			row, err = rowIn(text)
			return err
		}); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// rowIn is the only row of a `sample` or `samples` event, and nil for another message.
func rowIn(text []byte) (map[string]any, error) {
	if !bytes.HasPrefix(text, []byte(`42["sample`)) {
		return nil, nil
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(text[2:], &parts); err != nil {
		return nil, err
	}
	var row map[string]any
	if string(parts[0]) == `"sample"` {
		err := json.Unmarshal(parts[1], &row)
		return row, err
	}
	var many struct{ Rows []map[string]any }
	if err := json.Unmarshal(parts[1], &many); err != nil {
		return nil, err
	}
	if len(many.Rows) != 1 {
		return nil, fmt.Errorf("%d rows in %s", len(many.Rows), text)
	}
	return many.Rows[0], nil
}

// A soak, short: clients that are cut come back, and miss nothing.
func TestSoak(t *testing.T) {
	s := soaking{clients: 30, rate: 100, cuts: 20, away: 200 * time.Millisecond, past: 2500, look: 50 * time.Millisecond}
	out := running(t, short, local(t), func(r *runner) error { return r.soak(t.Context(), 3*time.Second, s) })
	for _, name := range []string{"soak_lost_rows", "soak_duplicate_rows", "soak_leaked_descriptors"} {
		if value := figure(t, out, name); value != 0 {
			t.Errorf("%s is %v", name, value)
		}
	}
	if cuts := figure(t, out, "soak_cuts"); cuts < 10 {
		t.Errorf("%v cuts", cuts)
	}
	figure(t, out, "soak_rss_growth_percent")
}

func TestBenchFailsWithTheServer(t *testing.T) {
	running(t, short, programs{}, func(r *runner) error {
		for _, binary := range []string{"/nowhere", "/bin/true"} {
			r.programs.socket = binary
			if err := r.measure(t.Context()); err == nil {
				t.Errorf("%s was measured", binary)
			}
		}
		return nil
	})
}
