package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// look is a check under way.
type look struct {
	Result
	roots []string // which failures kept it from being made
	done  chan struct{}
}

// Run makes all checks at once, each as soon as what it needs is known, and hands the results over in the order of the
// list. When the context ends, so do the checks: Run returns its error once all of them are over, with what they started.
func Run(ctx context.Context, checks []Check, emit func(Result)) error {
	looks := make([]*look, len(checks))
	named := make(map[string]*look, len(checks))
	for i, c := range checks {
		l := &look{Result: Result{Check: c}, done: make(chan struct{})}
		needs := make([]*look, len(c.Needs))
		for j, name := range c.Needs {
			if needs[j] = named[name]; needs[j] == nil {
				panic(fmt.Sprintf("check %q needs %q, which is not before it", c.Name, name))
			}
		}
		looks[i], named[c.Name] = l, l
		go l.run(ctx, needs)
	}
	for _, l := range looks {
		<-l.done
		if ctx.Err() == nil {
			emit(l.Result)
		}
	}
	return context.Cause(ctx)
}

func (l *look) run(ctx context.Context, needs []*look) {
	defer close(l.done)
	for _, need := range needs {
		<-need.done
		switch {
		case len(need.roots) > 0:
			l.roots = append(l.roots, need.roots...)
		case need.State == Failed || need.State == Skipped:
			l.roots = append(l.roots, need.Name)
		}
	}
	if len(l.roots) > 0 {
		slices.Sort(l.roots)
		l.roots = slices.Compact(l.roots)
		l.Finding = Unknown("needs " + strings.Join(l.roots, ", "))
		return
	}
	asked := &notes{}
	l.Finding = l.Look(context.WithValue(ctx, notesKey{}, asked))
	l.Asked = asked.lines
}
