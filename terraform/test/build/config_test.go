// Package build_test holds cloudbuild.yaml, its steps and what is uploaded against Cloud Build's own types and the real tools:
// gcloud submits a copy of the checkout to an API of our own, and the steps that can run without Google Cloud run on what
// came of it. What this does not prove is in docs/decisions/0017-cloud-build.md.
package build_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	cloudbuild "google.golang.org/api/cloudbuild/v1"
	"gopkg.in/yaml.v3"
)

// config is cloudbuild.yaml, decoded by the API's type.
func config(t *testing.T) cloudbuild.Build {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "cloudbuild.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	build, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return build
}

// parse reads YAML, in which no field may be there twice.
func parse(text []byte) (build cloudbuild.Build, err error) {
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		return build, err
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		return build, err
	}
	return build, decode(asJSON, &build)
}

func TestTheGraphOfTheSteps(t *testing.T) {
	if err := checkGraph(config(t).Steps); err != nil {
		t.Error(err)
	}
	step := func(id string, waitFor ...string) *cloudbuild.BuildStep {
		return &cloudbuild.BuildStep{Id: id, WaitFor: waitFor}
	}
	for what, steps := range map[string][]*cloudbuild.BuildStep{
		"no name":    {step("", "-")},
		"two alike":  {step("a", "-"), step("a", "-")},
		"not there":  {step("a", "-"), step("b", "c")},
		"itself":     {step("a", "a")},
		"a circle":   {step("a", "b"), step("b", "a")},
		"later":      {step("a", "b"), step("b", "-")},
		"not said":   {step("a", "-"), step("b")},
		"no purpose": {step("a", "-"), step("b", "-"), step("c", "a")},
	} {
		if checkGraph(steps) == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

// checkGraph wants steps with names of their own, each of which says what it waits for: steps before it, so that there is no
// circle. The last one waits for all, and so no step can fail after everything was said to be well.
func checkGraph(steps []*cloudbuild.BuildStep) error {
	before := map[string]map[string]bool{} // by step: itself, and what it waits for in the end
	for _, s := range steps {
		if s.Id == "" || before[s.Id] != nil {
			return fmt.Errorf("a step has the id %q", s.Id)
		}
		if len(s.WaitFor) == 0 {
			return fmt.Errorf("%s does not say what it waits for: [\"-\"] is nothing", s.Id)
		}
		all := map[string]bool{s.Id: true}
		for _, id := range s.WaitFor {
			if id == "-" {
				continue
			}
			if before[id] == nil {
				return fmt.Errorf("%s waits for %s, which is not before it", s.Id, id)
			}
			for other := range before[id] {
				all[other] = true
			}
		}
		before[s.Id] = all
	}
	last := steps[len(steps)-1].Id
	if len(before[last]) != len(steps) {
		return fmt.Errorf("%s, the last one, waits for %d of %d", last, len(before[last]), len(steps))
	}
	return nil
}

// Nothing in the project changes before every check is through.
func TestChecksComeFirst(t *testing.T) {
	ahead := map[string][]string{}
	for _, s := range config(t).Steps {
		for _, id := range s.WaitFor {
			ahead[s.Id] = append(append(ahead[s.Id], id), ahead[id]...)
		}
	}
	for _, changes := range []string{"images", "migrator-role", "cluster", "cloud-run"} {
		for _, check := range []string{"lint", "test", "vulnerabilities", "dashboard", "binaries"} {
			if !slices.Contains(ahead[changes], check) {
				t.Errorf("%s does not wait for %s", changes, check)
			}
		}
	}
}

// variable is Cloud Build's way to name a substitution.
var variable = regexp.MustCompile(`\$(?:\{(\w+)\}|(\w+))`)

// Cloud Build refuses a build otherwise, and gcloud does not look.
func TestSubstitutions(t *testing.T) {
	build := config(t)
	defined := build.Substitutions
	build.Substitutions = nil
	text, err := json.Marshal(build)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, found := range variable.FindAllStringSubmatch(string(text), -1) {
		used[found[1]+found[2]] = true
	}
	builtIn := []string{"PROJECT_ID", "BUILD_ID"}
	for name := range used {
		if _, ok := defined[name]; !ok && !slices.Contains(builtIn, name) {
			t.Errorf("$%s is not defined", name)
		}
	}
	for name := range defined {
		if !used[name] {
			t.Errorf("%s is not used", name)
		}
		if !regexp.MustCompile(`^_[A-Z0-9_]+$`).MatchString(name) {
			t.Errorf("%s is no name of a substitution", name)
		}
	}
	for _, name := range builtIn {
		if !used[name] {
			t.Errorf("$%s is not used", name)
		}
	}
}

// A step runs a script that is uploaded, and gives it the environment that it asks for: no more, no less.
func TestStepsAndTheirScripts(t *testing.T) {
	files := submitted(t).files(t)
	var scripts []string
	for _, s := range config(t).Steps {
		if s.Entrypoint != "bash" || len(s.Args) != 1 || s.Args[0] != "scripts/cloud/"+s.Id || s.Script != "" || s.Dir != "" {
			t.Errorf("%s runs %s %v", s.Id, s.Entrypoint, s.Args)
			continue
		}
		if s.AllowFailure || len(s.AllowExitCodes) > 0 {
			t.Errorf("%s may fail, and the build goes on", s.Id)
		}
		scripts = append(scripts, s.Args[0])
		if files[s.Args[0]] == nil {
			t.Errorf("%s is not uploaded", s.Args[0])
		}
		text, err := os.ReadFile(filepath.Join(root, s.Args[0]))
		if err != nil {
			t.Error(err)
			continue
		}
		asked := []string{}
		if line := regexp.MustCompile(`(?m)^needs (.*)$`).FindSubmatch(text); line != nil {
			asked = strings.Fields(string(line[1]))
		}
		for _, found := range regexp.MustCompile(`\$\{([A-Z_]+):-\}`).FindAllSubmatch(text, -1) { // may be empty
			asked = append(asked, string(found[1]))
		}
		given := []string{}
		for _, e := range s.Env {
			name, _, _ := strings.Cut(e, "=")
			given = append(given, name)
		}
		slices.Sort(asked)
		asked = slices.Compact(asked)
		slices.Sort(given)
		if !slices.Equal(asked, given) {
			t.Errorf("%s is given %v, and asks for %v", s.Id, given, asked)
		}
	}
	found, err := filepath.Glob(filepath.Join(root, "scripts/cloud/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		if name != "scripts/cloud/lib" && !slices.Contains(scripts, name) {
			t.Errorf("no step runs %s", name)
		}
	}
}

func TestTimeouts(t *testing.T) {
	limit := func(text string) time.Duration {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			t.Errorf("a timeout of %q: %v", text, err)
		}
		return d
	}
	build := config(t)
	all := limit(build.Timeout)
	if all > 24*time.Hour {
		t.Errorf("the build may take %s, more than Cloud Build allows", all)
	}
	var deployment time.Duration
	for _, s := range build.Steps {
		d := limit(s.Timeout)
		if slices.Contains([]string{"images", "manifests", "cluster", "cloud-run", "smoke"}, s.Id) {
			deployment += d
		}
	}
	// Checks end long before their limits; what waits for Google may need all of its own.
	if deployment > all {
		t.Errorf("the steps from images on may take %s, the build %s", deployment, all)
	}
}

func TestImagesArePinned(t *testing.T) {
	pinned := regexp.MustCompile(`^(golang:\d+\.\d+\.\d+-\w+|node:\d+\.\d+\.\d+-\w+|gcr\.io/cloud-builders/docker:\d+\.\d+\.\d+|gcr\.io/google\.com/cloudsdktool/google-cloud-cli:\d+\.\d+\.\d+)$`)
	versions := map[string]string{}
	// Which image has which program; none has two of them.
	has := map[string]string{"go ": "golang:", "npm ": "node:", "docker ": "docker:", "gcloud ": "google-cloud-cli:", "kubectl ": "google-cloud-cli:"}
	library, err := os.ReadFile(filepath.Join(root, "scripts/cloud/lib"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range config(t).Steps {
		script, err := os.ReadFile(filepath.Join(root, s.Args[0]))
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`(?m)^reach_cluster`).Match(script) {
			script = append(script, library...)
		}
		for program, image := range has {
			if regexp.MustCompile(`(?m)^\s*([a-z]+=\$\()?`+program).Match(script) && !strings.Contains(s.Name, image) {
				t.Errorf("%s asks for %sin %s", s.Id, program, s.Name)
			}
		}
		if !pinned.MatchString(s.Name) {
			t.Errorf("%s runs in %s", s.Id, s.Name)
		}
		name, tag, _ := strings.Cut(s.Name, ":")
		if versions[name] != "" && versions[name] != tag {
			t.Errorf("there are %s:%s and :%s", name, tag, versions[name])
		}
		versions[name] = tag
	}
}

// Docker's golang has GOTOOLCHAIN=local: it refuses sources that want a newer Go.
func TestTheGoOfTheBuildIsNewEnough(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(text)
	if wanted == nil {
		t.Fatal("go.mod does not say which Go")
	}
	for _, s := range config(t).Steps {
		if tag, ok := strings.CutPrefix(s.Name, "golang:"); ok && !strings.HasPrefix(tag, string(wanted[1])+".") {
			t.Errorf("%s runs with Go %s; go.mod wants %s", s.Id, tag, wanted[1])
		}
	}
}

// What the build needs it has by its account. A token would be in its description, for everybody who may see builds.
func TestNoSecretPassesThroughTheBuild(t *testing.T) {
	build := config(t)
	if build.AvailableSecrets != nil || build.Secrets != nil || build.Options.SecretEnv != nil {
		t.Error("the build has secrets")
	}
	for _, s := range build.Steps {
		if s.SecretEnv != nil {
			t.Errorf("%s has secrets", s.Id)
		}
	}
	for name := range submitted(t).files(t) {
		if !strings.HasPrefix(name, "scripts/cloud/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`secrets versions access|ingest-token|socket-token|--token|set -x|bash -x`).Find(text); found != nil {
			t.Errorf("%s has %q", name, found)
		}
	}
}

func TestTheAccountAndTheLogs(t *testing.T) {
	build := config(t)
	if build.ServiceAccount != "projects/${PROJECT_ID}/serviceAccounts/pulso-build@${PROJECT_ID}.iam.gserviceaccount.com" {
		t.Errorf("it runs as %q", build.ServiceAccount)
	}
	if build.Options.Logging != "CLOUD_LOGGING_ONLY" || build.LogsBucket != "" || build.Options.Pool != nil || build.Options.WorkerPool != "" {
		t.Errorf("logs: %s %q; pool: %v %q", build.Options.Logging, build.LogsBucket, build.Options.Pool, build.Options.WorkerPool)
	}
	if len(build.Images) > 0 {
		t.Errorf("%v are pushed once more after everything", build.Images)
	}
	if want := []string{"GOMODCACHE=/cache/modules", "GOCACHE=/cache/build"}; !slices.Equal(build.Options.Env, want) {
		t.Errorf("every step is told %v", build.Options.Env)
	}
	for _, v := range build.Options.Volumes {
		if strings.HasPrefix(v.Path, "/workspace") {
			t.Errorf("Cloud Build refuses a volume at %s", v.Path)
		}
	}
}

// What the Makefile says of Go the steps say as well.
func TestGoFlags(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	library, err := os.ReadFile(filepath.Join(root, "scripts/cloud/lib"))
	if err != nil {
		t.Fatal(err)
	}
	flags := regexp.MustCompile(`(?m)^export GOFLAGS \+?= ?(.*)$`).FindSubmatch(makefile)
	if flags == nil || !strings.Contains(string(library), "\nexport GOFLAGS="+string(flags[1])+"\n") {
		t.Errorf("the Makefile has GOFLAGS %s, scripts/cloud/lib has not", flags)
	}
	if !regexp.MustCompile(`(?m)^GOLANGCI_LINT := v\d+\.\d+\.\d+$`).Match(makefile) {
		t.Error("the Makefile does not say GOLANGCI_LINT as scripts/cloud/lint reads it")
	}
}
