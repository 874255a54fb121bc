//go:build cloud

package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

var update = flag.Bool("update", false, "write testdata/recorded.json anew")

// recorder keeps what the real programs print.
type recorder struct {
	mu      sync.Mutex
	run     command.Run
	printed map[string]any
}

func newRecorder() *recorder {
	return &recorder{run: command.New(2, time.Minute), printed: map[string]any{}}
}

func (r *recorder) ask(ctx context.Context, argv ...string) ([]byte, error) {
	out, err := r.run(ctx, argv...)
	r.mu.Lock()
	defer r.mu.Unlock()
	var answer any = string(out)
	if bytes.HasPrefix(out, []byte("[")) || bytes.HasPrefix(out, []byte("{")) {
		if err := json.Unmarshal(out, &answer); err != nil {
			answer = string(out)
		}
	}
	if err == nil {
		r.printed[command.Line(argv...)] = answer
	}
	return out, err
}

// The other tests work on what this one records: what gcloud and kubectl themselves make of the APIs' answers.
func TestWithTheRealProgramsEverythingIsWell(t *testing.T) {
	google := &api{there: healthy()}
	google.serve(t)
	programs := newRecorder()
	account, project, err := Configured(t.Context(), programs.run)
	if account != "me@example.com" || project != "my-project" || err != nil {
		t.Fatalf("configured: %q %q %v", account, project, err)
	}
	for _, r := range diagnose(t, well().world(t, programs.ask), settings(), account) {
		if r.State != check.OK || len(r.Cure) > 0 {
			t.Errorf("%s: %s %s %q, asked %q", r.Name, r.State, r.Detail, r.Cure, r.Asked)
		}
		if text := r.Detail + strings.Join(r.Asked, ""); strings.Contains(text, "geheim") {
			t.Errorf("%s shows a secret: %s", r.Name, text)
		}
	}
	if want := []string{"POST /token"}; !slices.Equal(google.odd, want) {
		t.Errorf("it changes things: %q", google.odd)
	}
	if t.Failed() {
		return
	}
	if *update {
		text, err := json.MarshalIndent(programs.printed, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/recorded.json", append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if was, now := slices.Sorted(maps.Keys(recorded(t))), slices.Sorted(maps.Keys(programs.printed)); !slices.Equal(was, now) {
		t.Errorf("other commands were asked than testdata/recorded.json has: record it anew with -update\n%q\n%q", was, now)
	}
}

// What the programs say where nothing is there, or one may not ask, is only known from them.
func TestWithTheRealProgramsWhatIsNotThereIsSaid(t *testing.T) {
	there := healthy()
	maps.DeleteFunc(there, func(path string, _ any) bool { return strings.Contains(path, "pulso") })
	there["/run/v1/projects/my-project/locations/-/services"] = object{"kind": "ServiceList", "apiVersion": "serving.knative.dev/v1"}
	google := &api{there: there, refused: map[string]int{
		"/compute/v1/projects/my-project/regions/": http.StatusForbidden, "/secretmanager/": http.StatusForbidden, "/sql/": http.StatusForbidden,
	}}
	google.serve(t)
	for _, r := range diagnose(t, well().world(t, command.New(2, time.Minute)), settings(), "me@example.com") {
		state, cure := check.Skipped, ""
		switch r.Name {
		case "account", "credentials", "project", "billing", "APIs", "quota of all regions":
			state = check.OK
		case "quota us-central1", "pulso-ingest-token", "pulso-socket-token":
			state, cure = check.Failed, "gcloud projects add-iam-policy-binding my-project --member=user:me@example.com --role=roles/viewer"
		case "images", "VM", "instance", "cluster", "pulso-frontend":
			state, cure = check.Failed, apply
		}
		if r.State != state || cure != "" && !slices.Contains(r.Cure, cure) {
			t.Errorf("%s: %s %s %q", r.Name, r.State, r.Detail, r.Cure)
		}
	}
}
