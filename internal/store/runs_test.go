package store_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/internal/latency"
	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/store"
	"github.com/pulso-lab/pulso/internal/store/storetest"
)

// someRun is a run of so many seconds, no two of them alike.
func someRun(seconds int) run.Run {
	r := run.Run{
		Header: run.Header{
			Version: run.Version, ID: "20261130-184237-3f9c2a1b", Name: "Prueba 🐧", Phase: run.PhaseEnter, VM: run.VM{Host: "vm-ñ", CPUs: 4},
			Protocol: run.Protocol{Users: 300, SpawnRate: 10.1, Objective: run.DefaultObjective, Workload: &run.Workload{CPU: 4.3, Memory: 1}},
			Start:    noon.Add(123456789), End: noon.Add(time.Minute),
		},
		Seconds: []run.Second{},
	}
	for i := range seconds {
		s := run.Second{Second: i, Users: i / 2, Generator: float64(i) / 3, Targets: []run.Target{{Name: "workload", Requests: 9, Failures: int64(i % 9)}}}
		for n := range 9 - i%9 {
			s.Targets[0].Latency.Observe(time.Duration(i*n) * time.Millisecond)
		}
		if i%2 == 1 {
			s.Vitals = &run.Vitals{Hora: "2026-11-30 18:42:38.123", CPU: 100 / float64(i), RAM: 5e-324, Running: 1, Processes: math.Pi}
		}
		r.Seconds = append(r.Seconds, s)
	}
	return r
}

// part is some seconds of a run, with all of its header.
func part(r run.Run, from, to int) run.Run {
	r.Seconds = r.Seconds[from:to]
	return r
}

func insertRuns(t *testing.T, s *store.Store, runs ...run.Run) {
	t.Helper()
	for _, r := range runs {
		if err := s.InsertRun(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func wantRun(t *testing.T, s *store.Store, want run.Run) {
	t.Helper()
	got, err := s.Run(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %.2000s\nwant %.2000s", encode(t, got), encode(t, want))
	}
}

func TestARunComesBackAsItWas(t *testing.T) {
	s := storetest.New(t)
	whole := someRun(run.MaxPart)
	insertRuns(t, s, whole)
	wantRun(t, s, whole)

	empty := someRun(0)
	empty.ID, empty.Name = "-", ""
	empty.Start = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	empty.End = empty.Start
	insertRuns(t, s, empty)
	wantRun(t, s, empty)
	wantRun(t, s, whole)

	if err := s.InsertRun(t.Context(), someRun(run.MaxPart+1)); !errors.Is(err, store.ErrNotStored) {
		t.Errorf("one second too many: %v", err)
	}
}

// MySQL rounds what it has no digits for, and MariaDB does where it is told to: out of the calendar's last year.
func TestTheLastMomentIsNotRounded(t *testing.T) {
	r := newRealm(t)
	r.exec("SET GLOBAL sql_mode = CONCAT(@@GLOBAL.sql_mode, ',TIME_ROUND_FRACTIONAL')")
	defer r.exec("SET GLOBAL sql_mode = DEFAULT")
	last := someRun(1)
	last.Start = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	insertRuns(t, r.as("root"), last)
	wantRun(t, r.Store, last)
}

// The parts of a run may come in any order, again, and side by side.
func TestPartsBecomeOneRun(t *testing.T) {
	s := storetest.New(t)
	whole := someRun(900)
	parts := []run.Run{part(whole, 600, 900), part(whole, 0, 300), part(whole, 0, 0), part(whole, 250, 550), part(whole, 300, 600)}
	var wg sync.WaitGroup
	for range 3 {
		for _, p := range parts {
			wg.Go(func() {
				for {
					err := s.InsertRun(t.Context(), p)
					if err == nil {
						return
					}
					if !errors.Is(err, store.ErrNotStored) { // a deadlock stores nothing
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	wantRun(t, s, whole)
}

// Ids are random; one that comes back with another run was copied by hand, and must not mix the two.
func TestAnotherRunOfTheSameIDIsRefused(t *testing.T) {
	s := storetest.New(t)
	first, other := someRun(3), someRun(5)
	insertRuns(t, s, first)
	other.Start = other.Start.Add(time.Second)
	other.Name = "another"
	if err := s.InsertRun(t.Context(), other); !errors.Is(err, store.ErrOtherRun) || !errors.Is(err, store.ErrNotStored) {
		t.Error(err)
	}
	wantRun(t, s, first)
}

func TestTheNewestPartCountsAndTheNameThatWasGivenStays(t *testing.T) {
	s := storetest.New(t)
	first, last := someRun(3), someRun(3)
	last.Name, last.End, last.Seconds[1].Users = "handed in again", last.End.Add(time.Hour), 7
	insertRuns(t, s, first, part(last, 1, 2))
	want := last
	want.Seconds = []run.Second{first.Seconds[0], last.Seconds[1], first.Seconds[2]}
	wantRun(t, s, want)

	for _, name := range []string{"Martes", "Martes", `Robert'); DROP TABLE runs;-- 🐧`, ""} {
		h, err := s.RenameRun(t.Context(), want.ID, name)
		want.Name = name
		if err != nil || !reflect.DeepEqual(h, want.Header) {
			t.Errorf("%q: %+v, %v", name, h, err)
		}
		insertRuns(t, s, part(last, 1, 2))
		wantRun(t, s, want)
	}
}

func TestRunsAreListedTheNewestFirst(t *testing.T) {
	s := storetest.New(t)
	if list, err := s.Runs(t.Context(), 1); err != nil || list.More || list.Runs == nil || len(list.Runs) > 0 {
		t.Errorf("of none: %+v, %v", list, err)
	}
	for i, minute := range []int{3, 1, 2, 2} {
		r := someRun(2)
		r.ID, r.Start = fmt.Sprintf("run-%d", i), noon.Add(time.Duration(minute)*time.Minute)
		insertRuns(t, s, r)
	}
	if _, err := s.RenameRun(t.Context(), "run-3", "Martes"); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int]string{2: "run-0 run-3 more", 4: "run-0 run-3 run-2 run-1", 5: "run-0 run-3 run-2 run-1"} {
		list, err := s.Runs(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, h := range list.Runs {
			ids = append(ids, h.ID)
			if (h.Name == "Martes") != (h.ID == "run-3") {
				t.Errorf("%s is called %q", h.ID, h.Name)
			}
		}
		if list.More {
			ids = append(ids, "more")
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%d: %s, want %s", limit, got, want)
		}
	}
}

func TestADeletedRunIsGoneAndOthersStay(t *testing.T) {
	dsn := storetest.DSN(t)
	s := storetest.Open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone, stays := someRun(5), someRun(4)
	stays.ID = gone.ID + "-"
	insertRuns(t, s, gone, stays)
	if err := s.DeleteRun(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	wantRun(t, s, stays)
	var seconds int
	if err := storetest.Plain(t, dsn).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM run_seconds").Scan(&seconds); err != nil || seconds != 4 {
		t.Errorf("%d seconds are left, %v", seconds, err)
	}
	for _, id := range []string{gone.ID, "", "%", strings.ToUpper(stays.ID), "' OR '1'='1", "a\x00", strings.Repeat("x", 100_000)} {
		_, read := s.Run(t.Context(), id)
		_, renamed := s.RenameRun(t.Context(), id, "x")
		for what, err := range map[string]error{"read": read, "name": renamed, "delete": s.DeleteRun(t.Context(), id)} {
			if !errors.Is(err, store.ErrNoRun) {
				t.Errorf("%s %.40q: %v", what, id, err)
			}
		}
	}
	wantRun(t, s, stays)
	insertRuns(t, s, part(gone, 2, 3)) // it may come back
	wantRun(t, s, part(gone, 2, 3))
}

// The largest seconds that Decode takes fit into the statements.
func TestTheLargestPartIsStored(t *testing.T) {
	s := storetest.New(t)
	var h latency.Histogram
	counts := make([]string, 155)
	for i := range counts {
		counts[i] = fmt.Sprintf("[%d,%d]", i, run.MaxNumber/155)
	}
	if err := h.UnmarshalJSON([]byte("[" + strings.Join(counts, ",") + "]")); err != nil {
		t.Fatal(err)
	}
	r := someRun(run.MaxPart)
	for i := range r.Seconds {
		r.Seconds[i].Targets = nil
		for n := range run.MaxTargets {
			r.Seconds[i].Targets = append(r.Seconds[i].Targets, run.Target{Name: strings.Repeat("t", 31) + fmt.Sprint(n), Requests: run.MaxNumber, Latency: h})
		}
	}
	insertRuns(t, s, r)
	wantRun(t, s, r)
}

// A reader sees a run as it was at one moment, whatever is deleted and stored meanwhile.
func TestARunIsReadWhole(t *testing.T) {
	s := storetest.New(t)
	whole := someRun(200)
	insertRuns(t, s, whole)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := errors.Join(s.DeleteRun(t.Context(), whole.ID), s.InsertRun(t.Context(), whole)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	seen := 0
	for range 200 {
		got, err := s.Run(t.Context(), whole.ID)
		if errors.Is(err, store.ErrNoRun) {
			continue
		}
		if err != nil || !slices.EqualFunc(got.Seconds, whole.Seconds, func(a, b run.Second) bool { return a.Second == b.Second }) {
			t.Errorf("%d seconds, %v", len(got.Seconds), err)
			break
		}
		seen++
	}
	close(stop)
	wg.Wait()
	if seen == 0 {
		t.Error("the run was never there")
	}
}
