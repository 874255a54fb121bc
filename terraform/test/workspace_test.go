// Package terraform_test holds terraform/ against what the rest of the project asks of it: real Terraform applies every
// combination of presets to a provider that has the schema of Google's and nothing behind it (provider/), and the rules look
// at the state. `make test-cloud` runs it. What it does not prove is in docs/decisions/0016-terraform.md.
package terraform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// root is the project's.
const root = "../.."

// good are the variables that a person must set.
var good = []string{"project=my-project-123456", `load_generator_cidrs=["203.0.113.7/32"]`}

// workspace is a copy of terraform/, with what it reads of the project beside it, so that a test leaves nothing in the
// checkout.
type workspace struct{ dir string }

// edit replaces one piece of a file by another.
type edit struct{ file, old, new string }

func newWorkspace(t *testing.T, edits ...edit) workspace {
	t.Helper()
	base := t.TempDir()
	w := workspace{filepath.Join(base, "terraform")}
	files, err := filepath.Glob(filepath.Join(root, "terraform/*.tf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no *.tf: %v", err)
	}
	for _, file := range append(files, filepath.Join(root, "agent/deploy/startup.sh")) {
		if filepath.Base(file) == "backend.tf" { // a person's own
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range edits {
			if e.file != filepath.Base(file) {
				continue
			}
			if n := strings.Count(string(content), e.old); n != 1 {
				t.Fatalf("%s has %d times what is to be replaced: %s", e.file, n, e.old)
			}
			content = []byte(strings.Replace(string(content), e.old, e.new, 1))
			edits[i].file = "" // done
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(base, relative)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range edits {
		if e.file != "" {
			t.Fatalf("there is no terraform/%s", e.file)
		}
	}
	w.must(t, "init", "-input=false")
	return w
}

// run runs Terraform and returns what it printed, with the error when it failed.
func (w workspace) run(t *testing.T, command string, arguments ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	config, err := filepath.Abs(filepath.Join(root, "bin/google-stub/terraformrc"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(config); err != nil {
		t.Fatalf("the stub of Google's provider is not there: run `make test-cloud` (%v)", err)
	}
	cmd := exec.CommandContext(ctx, "terraform", append([]string{command}, arguments...)...)
	cmd.Dir = w.dir
	// Nothing of the machine: no account of Google's, no variables of the person's.
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "TF_CLI_CONFIG_FILE=" + config,
		"TF_IN_AUTOMATION=1", "TF_CLI_ARGS=-no-color", "CHECKPOINT_DISABLE=1",
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("terraform %s: %w\n%s%s", command, err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

func (w workspace) must(t *testing.T, command string, arguments ...string) string {
	t.Helper()
	out, err := w.run(t, command, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// variables are Terraform's arguments for name=value settings, after those of good.
func variables(settings ...string) []string {
	arguments := []string{"-input=false"}
	for _, s := range append(append([]string{}, good...), settings...) {
		arguments = append(arguments, "-var="+s)
	}
	return arguments
}

// resource is one of the state's.
type resource struct {
	Address string         `json:"address"`
	Mode    string         `json:"mode"`
	Type    string         `json:"type"`
	Name    string         `json:"name"`
	Index   any            `json:"index"`
	Values  map[string]any `json:"values"`
}

// at is the value under a path of names and indices, or nil where there is none.
func (r resource) at(path ...any) any {
	var value any = r.Values
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

func (r resource) text(path ...any) string {
	s, _ := r.at(path...).(string)
	return s
}

// list is the list of objects under a path.
func (r resource) list(path ...any) []resource {
	values, _ := r.at(path...).([]any)
	var objects []resource
	for _, v := range values {
		if object, ok := v.(map[string]any); ok {
			objects = append(objects, resource{Address: r.Address, Values: object})
		}
	}
	return objects
}

// state is what Terraform knows after an apply.
type state struct {
	resources []resource
	outputs   map[string]any
	source    map[string]string // what it was applied from, by file
}

// of are the resources of a type.
func (s state) of(kind string) []resource {
	var found []resource
	for _, r := range s.resources {
		if r.Type == kind && r.Mode == "managed" {
			found = append(found, r)
		}
	}
	return found
}

// the is the resource at an address, or an empty one, of which every value is nil.
func (s state) the(address string) resource {
	for _, r := range s.resources {
		if r.Address == address {
			return r
		}
	}
	return resource{Address: address + " (which is not there)"}
}

func (w workspace) state(t *testing.T) state {
	t.Helper()
	var shown struct {
		Values struct {
			Outputs map[string]struct{ Value any } `json:"outputs"`
			Root    struct {
				Resources []resource `json:"resources"`
			} `json:"root_module"`
		} `json:"values"`
	}
	if err := json.Unmarshal([]byte(w.must(t, "show", "-json")), &shown); err != nil {
		t.Fatal(err)
	}
	s := state{resources: shown.Values.Root.Resources, outputs: map[string]any{}, source: map[string]string{}}
	files, err := filepath.Glob(filepath.Join(w.dir, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s.source[filepath.Base(file)] = regexp.MustCompile(` +`).ReplaceAllString(string(content), " ")
	}
	for name, output := range shown.Values.Outputs {
		s.outputs[name] = output.Value
	}
	return s
}

// applied is the state after an apply of terraform/, with edits, with these settings.
func applied(t *testing.T, edits []edit, settings ...string) (workspace, state) {
	t.Helper()
	w := newWorkspace(t, edits...)
	w.must(t, "apply", append(variables(settings...), "-auto-approve")...)
	return w, w.state(t)
}
