package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"

	"github.com/pulso-lab/pulso/internal/run"
	"github.com/pulso-lab/pulso/internal/verdict"
	"github.com/pulso-lab/pulso/local/internal/system"
)

// runs are the two that the phases leave beside the recording.
type runs struct{ enter, leave run.Run }

func (p plan) runs() (r runs, err error) {
	if r.enter, err = readRun(p.run); err != nil {
		return r, err
	}
	r.leave, err = readRun(p.replay)
	return r, err
}

func readRun(path string) (run.Run, error) {
	document, err := os.ReadFile(path)
	if err != nil {
		return run.Run{}, err
	}
	r, err := run.Decode(document)
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// printVerdict says what both runs say, in both languages, and where to see why.
func printVerdict(sys *system.System, all runs) {
	fmt.Println("\nVerdict")
	for _, r := range []run.Run{all.enter, all.leave} {
		v := verdict.Of(r, r.Protocol.Objective, 0)
		requests, failures := asked(r)
		fmt.Printf("  phase %d        %d requests of the users, %d failed\n                 %s\n                 %s\n", r.Phase, requests, failures, v.Sentence.EN, v.Sentence.ES)
		for _, missing := range v.Missing {
			fmt.Printf("                 - %s\n", missing.EN)
		}
		if v.Routes != nil {
			fmt.Printf("                 %s\n", v.Routes.Sentence.EN)
		}
		fmt.Printf("  why            %s/?run=%s\n", sys.Page(), r.ID)
	}
	fmt.Printf("  to hand on     make report RUN=%s\n", all.enter.ID)
}

// asked counts what the users asked for in a run, the agent's samples left out.
func asked(r run.Run) (requests, failures int64) {
	for _, s := range r.Seconds {
		for _, target := range s.Targets {
			if target.Name != run.TargetAgent {
				requests, failures = requests+target.Requests, failures+target.Failures
			}
		}
	}
	return requests, failures
}

// checkRuns fails unless the dashboard has both runs as the phases left them.
func checkRuns(ctx context.Context, sys *system.System, all runs) error {
	for _, r := range []run.Run{all.enter, all.leave} {
		stored, err := fetchRun(ctx, sys.Page()+"/runs/"+r.ID)
		if err != nil {
			return fmt.Errorf("the run of phase %d: %w", r.Phase, err)
		}
		if !reflect.DeepEqual(stored, r) {
			return fmt.Errorf("the run of phase %d, %s, is stored otherwise than it was handed in", r.Phase, r.ID)
		}
	}
	return nil
}

func fetchRun(ctx context.Context, url string) (run.Run, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return run.Run{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return run.Run{}, err
	}
	defer func() { _ = response.Body.Close() }()
	document, err := io.ReadAll(response.Body)
	if err != nil {
		return run.Run{}, err
	}
	if response.StatusCode != http.StatusOK {
		return run.Run{}, fmt.Errorf("%s answers %s: %.200s", url, response.Status, document)
	}
	return run.Decode(document)
}
