package build_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	cloudbuild "google.golang.org/api/cloudbuild/v1"
	"gopkg.in/yaml.v3"
)

// A workspace is what Cloud Build makes of the upload, in which the steps run.
type workspace struct {
	dir         string
	environment []string
}

// newWorkspace has the digests of images that were pushed.
func newWorkspace(t *testing.T, environment []string) workspace {
	t.Helper()
	w := workspace{submitted(t).unpack(t), environment}
	var digests strings.Builder
	for _, name := range images {
		fmt.Fprintln(&digests, name, digest(name))
	}
	writeFile(t, filepath.Join(w.dir, "build/digests"), digests.String())
	return w
}

var images = []string{"agent", "workload", "functions", "socket", "migrator", "frontend"}

const registry = region + "-docker.pkg.dev/" + project + "/pulso"

// digest is one that an image could have.
func digest(image string) string {
	return fmt.Sprintf("sha256:%064x", []byte(image))
}

// step runs a step as cloudbuild.yaml does, but for these variables.
func (w workspace) step(t *testing.T, id string, variables ...string) (string, error) {
	t.Helper()
	build := config(t)
	values := build.Substitutions
	values["PROJECT_ID"], values["BUILD_ID"], values["_VERSION"] = project, buildID, "v1.2-3-gabcdef"
	environment := slices.Clone(w.environment)
	i := slices.IndexFunc(build.Steps, func(s *cloudbuild.BuildStep) bool { return s.Id == id })
	for _, pair := range build.Steps[i].Env {
		environment = append(environment, variable.ReplaceAllStringFunc(pair, func(name string) string {
			return values[strings.Trim(name, "${}")]
		}))
	}
	return run(t, w.dir, append(environment, variables...), build.Steps[i].Entrypoint, build.Steps[i].Args...)
}

// refused wants a step to fail, and to say all of this.
func (w workspace) refused(t *testing.T, id string, environment []string, says ...string) {
	t.Helper()
	out, err := w.step(t, id, environment...)
	if err == nil {
		t.Errorf("%s with %v comes through:\n%s", id, environment, out)
	}
	for _, text := range says {
		if !strings.Contains(out, text) {
			t.Errorf("%s with %v does not say %q:\n%s", id, environment, text, out)
		}
	}
}

// plain is an environment without any Google.
func plain(t *testing.T) []string {
	return []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
}

func TestManifests(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, plain(t))
	for _, components := range []string{"", "without-autoscaling", "without-ingest", "without-autoscaling without-ingest", "http", "single-route/api1"} {
		// Twice: what was there before does no harm.
		for range 2 {
			if out, err := w.step(t, "manifests", "GKE_COMPONENTS="+components); err != nil {
				t.Fatalf("%s: %v\n%s", components, err, out)
			}
		}
		built, err := run(t, w.dir, w.environment, "kubectl", "kustomize", "build/deploy")
		if err != nil {
			t.Fatal(built)
		}
		checkManifests(t, built, !strings.Contains(components, "without-ingest"))
	}
	w.refused(t, "manifests", []string{"GKE_COMPONENTS=http autoscaling"}, `there is no component "autoscaling"`, "without-autoscaling", "single-route/api1", "_GKE_COMPONENTS")
	w.refused(t, "manifests", []string{"PROJECT_ID=example.com:my-project"}, "belongs to a domain", "by hand")
	w.refused(t, "manifests", []string{"GKE_COMPONENTS=../base"}, `there is no component "../base"`)
	w.refused(t, "manifests", []string{"GKE_COMPONENTS=*"}, `there is no component "*"`)
	w.refused(t, "cloud-run", []string{"RUN_SERVICES= "}, "RUN_SERVICES is not set")
	// Nothing of a value is carried out.
	for _, value := range []string{"a&b", "x|;1e touch pwned;s|^zz|", "a/../b", "a?name=b", "a\nb", "$(touch pwned)", "-a", "A"} {
		for _, name := range []string{"PROJECT_ID", "REGION", "SQL_INSTANCE", "BUILD_ID"} {
			w.refused(t, "manifests", []string{name + "=" + value}, name+" is \""+value+"\"", "lower-case letters")
		}
	}
	if _, err := os.Stat(filepath.Join(w.dir, "pwned")); err == nil {
		t.Error("a value was carried out")
	}
	w.refused(t, "manifests", []string{"SQL_INSTANCE="}, "SQL_INSTANCE is not set", "cloudbuild.yaml")
	writeFile(t, filepath.Join(w.dir, "build/digests"), "functions "+digest("functions")+"\nsocket sha256:123\n")
	w.refused(t, "manifests", nil, "no digest of the image socket", "the step images")
	if err := os.Remove(filepath.Join(w.dir, "build/digests")); err != nil {
		t.Fatal(err)
	}
	w.refused(t, "manifests", nil, "no digest of the image functions")
}

// A manifest that somebody adds must not run what a tag points to, nor another project's.
func TestManifestsThatTheStepDoesNotFillIn(t *testing.T) {
	t.Parallel()
	for file, change := range map[string]struct{ old, new, says string }{
		"gke/base/socket.yaml": {"          image: REGISTRY/socket:TAG", "          image: docker.io/other/socket:latest", "without this build's digest"},
		"gke/project.env":      {"SQL_RANGE=10.20.0.0/20", "SQL_RANGE=PROJECT_ID", "project is not everywhere"},
	} {
		w := newWorkspace(t, plain(t))
		name := filepath.Join(w.dir, file)
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(text, []byte(change.old)) != 1 {
			t.Fatalf("%s has not once %q", file, change.old)
		}
		writeFile(t, name, strings.Replace(string(text), change.old, change.new, 1))
		w.refused(t, "manifests", nil, change.says, "scripts/cloud/manifests must")
	}
}

// checkManifests looks at what is there by tag, and at the project's values.
func checkManifests(t *testing.T, built string, ingest bool) {
	t.Helper()
	var found []string
	for d := yaml.NewDecoder(strings.NewReader(built)); ; {
		var object map[string]any
		if d.Decode(&object) != nil {
			break
		}
		found = append(found, imagesIn(object)...)
	}
	want := []string{"migrator", "socket"}
	if ingest {
		want = []string{"functions", "functions", "migrator", "socket"}
	}
	for i := range want {
		want[i] = registry + "/" + want[i] + "@" + digest(want[i])
	}
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("the images are %v", found)
	}
	for _, text := range []string{
		"name: migrator-" + buildID, "pulso-socket@" + project + ".iam.gserviceaccount.com", "PULSO_CLOUDSQL_INSTANCE: " + project + ":us-central1:pulso",
		"projects/" + project + "/secrets/pulso-socket-token/",
	} {
		if !strings.Contains(built, text) {
			t.Errorf("there is no %q", text)
		}
	}
	if left := regexp.MustCompile(`PROJECT_ID|\bTAG\b|REGISTRY|:latest`).FindString(built); left != "" {
		t.Errorf("there is still %q", left)
	}
}

// imagesIn is every value of a field image.
func imagesIn(value any) (found []string) {
	switch v := value.(type) {
	case map[string]any:
		for name, part := range v {
			if image, ok := part.(string); ok && name == "image" {
				found = append(found, image)
			}
			found = append(found, imagesIn(part)...)
		}
	case []any:
		for _, part := range v {
			found = append(found, imagesIn(part)...)
		}
	}
	return found
}
