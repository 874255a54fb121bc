package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func found(f Finding) func(context.Context) Finding {
	return func(context.Context) Finding { return f }
}

func TestWhatNeedsAFailedCheckIsNotMade(t *testing.T) {
	unreachable := func(context.Context) Finding { panic("was made") }
	var got []string
	err := Run(t.Context(), []Check{
		{Name: "a", Look: found(Good("fine"))},
		{Name: "b", Look: found(Failure("broken", "mend b"))},
		{Name: "c", Needs: []string{"a"}, Look: found(Warning("old"))},
		{Name: "d", Needs: []string{"c", "b"}, Look: unreachable},
		{Name: "e", Needs: []string{"d", "b"}, Look: unreachable},
		{Name: "f", Needs: []string{"c"}, Look: found(Good("fine"))},
		{Name: "g", Look: found(Unknown("a holiday"))},
		{Name: "h", Needs: []string{"g", "e"}, Look: unreachable},
	}, func(r Result) { got = append(got, fmt.Sprintf("%s %s: %s", r.Name, r.State, r.Detail)) })
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a ok: fine", "b FAIL: broken", "c warn: old", "d not checked: needs b", "e not checked: needs b", "f ok: fine",
		"g not checked: a holiday", "h not checked: needs b, g",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestChecksAreMadeAtOnceAndToldInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(d time.Duration) func(context.Context) Finding {
			return func(context.Context) Finding { time.Sleep(d); return Good("") }
		}
		start := time.Now()
		var got []string
		err := Run(t.Context(), []Check{{Name: "a", Look: slow(2 * time.Second)}, {Name: "b", Look: slow(time.Second)}, {Name: "c", Look: slow(2 * time.Second)}},
			func(r Result) { got = append(got, r.Name) })
		if err != nil || !slices.Equal(got, []string{"a", "b", "c"}) || time.Since(start) != 2*time.Second {
			t.Errorf("%v %v after %s", got, err, time.Since(start))
		}
	})
}

func TestWhatACheckAskedIsItsOwn(t *testing.T) {
	asking := func(line string) func(context.Context) Finding {
		return func(ctx context.Context) Finding { Note(ctx, line); return Good("") }
	}
	if err := Run(t.Context(), []Check{{Name: "a", Look: asking("ask a")}, {Name: "b", Look: asking("ask b")}}, func(r Result) {
		if !slices.Equal(r.Asked, []string{"ask " + r.Name}) {
			t.Errorf("%s asked %q", r.Name, r.Asked)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAnInterruptedRunTellsNothingMoreAndLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		over := false
		err := Run(ctx, []Check{
			{Name: "a", Look: func(ctx context.Context) Finding { cancel(); <-ctx.Done(); return Failure("cut off") }},
			{Name: "b", Look: func(ctx context.Context) Finding {
				<-ctx.Done()
				time.Sleep(time.Second) // until its program has ended
				over = true
				return Failure("cut off")
			}},
		}, func(r Result) { t.Errorf("told %v", r) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if !over {
			t.Error("it did not wait for what it had started")
		}
	})
}
