package manifests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	gke       = "../.."
	namespace = "so1-fase2"
)

// combinations is what people can choose.
var combinations = [][]string{
	nil,
	{"http"},
	{"without-autoscaling"},
	{"single-route/api1"},
	{"single-route/api2"},
	{"single-route/api1", "without-autoscaling", "http"},
	{"ingress"},
	{"http", "ingress"},
	{"ingress", "http"},
	{"ingress", "without-autoscaling"},
	{"without-autoscaling", "ingress"},
	{"without-ingest"},
	{"without-ingest", "without-autoscaling"},
}

// combination is the objects that come of a choice.
type combination struct {
	components []string
	objects    []runtime.Object
}

func (c combination) has(component string) bool { return slices.Contains(c.components, component) }

// documents are those of the combinations that were built already.
var documents = map[string][]byte{}

func built(t *testing.T, components ...string) combination {
	t.Helper()
	name := name(components)
	if documents[name] == nil {
		var err error
		if documents[name], err = Build(gke, components...); err != nil {
			t.Fatal(err)
		}
	}
	objects, err := Objects(documents[name])
	if err != nil {
		t.Fatal(err)
	}
	return combination{components, objects}
}

// everywhere runs a test on every combination.
func everywhere(t *testing.T, test func(t *testing.T, c combination)) {
	for _, components := range combinations {
		t.Run(name(components), func(t *testing.T) { test(t, built(t, components...)) })
	}
}

func name(components []string) string {
	if len(components) == 0 {
		return "default"
	}
	return strings.Join(components, "+")
}

// all is the objects of one kind by name.
func all[T metav1.Object](c combination) map[string]T {
	found := map[string]T{}
	for _, o := range c.objects {
		if typed, ok := o.(T); ok {
			found[typed.GetName()] = typed
		}
	}
	return found
}

// one is the object of this kind and name.
func one[T metav1.Object](t *testing.T, c combination, name string) T {
	t.Helper()
	object, ok := all[T](c)[name]
	if !ok {
		t.Fatalf("there is no %T %s", object, name)
	}
	return object
}

func TestEveryCombinationIsWholeAndOfOneNamespace(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		seen := map[string]bool{}
		for _, o := range c.objects {
			kind, meta := o.GetObjectKind().GroupVersionKind().Kind, o.(metav1.Object)
			id := kind + " " + meta.GetName()
			if seen[id] {
				t.Errorf("%s is there twice", id)
			}
			seen[id] = true
			if kind == "Namespace" {
				if meta.GetName() != namespace {
					t.Errorf("the namespace is %s", meta.GetName())
				}
			} else if meta.GetNamespace() != namespace {
				t.Errorf("%s is in namespace %q", id, meta.GetNamespace())
			}
			if meta.GetLabels()["app.kubernetes.io/part-of"] != "pulso" {
				t.Errorf("%s has labels %v", id, meta.GetLabels())
			}
			if _, local := meta.GetAnnotations()["config.kubernetes.io/local-config"]; local {
				t.Errorf("%s is not to be applied", id)
			}
		}
	})
}

// A key of project.env stands in the base for its value.
func TestNoPlaceholderIsLeft(t *testing.T) {
	env, err := os.ReadFile(filepath.Join(gke, "project.env"))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, line := range regexp.MustCompile(`(?m)^(\w+)=.`).FindAllSubmatch(env, -1) {
		keys = append(keys, string(line[1]))
	}
	if len(keys) < 8 {
		t.Fatalf("the keys of project.env: %v", keys)
	}
	placeholder := regexp.MustCompile(`(^|[^\w])(PROJECT_ID|` + strings.Join(keys, "|") + `)($|[^\w])`)
	for _, components := range combinations {
		documents, err := Build(gke, components...)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(documents)) {
			if placeholder.MatchString(line) {
				t.Errorf("%s: %s", name(components), line)
			}
		}
	}
}

func TestEveryValueOfTheProjectArrives(t *testing.T) {
	files, err := load(gke)
	if err != nil {
		t.Fatal(err)
	}
	const env = `PROJECT=other
REGISTRY=europe-docker.pkg.dev:443/other/images
TAG=v1.2-3
ACCOUNTS=accounts.example
SQL_INSTANCE=other:europe-west1:sql
HOST=pulso.example
CLOUD_RUN_RANGE=10.1.0.0/26
SQL_RANGE=10.2.0.0/20
`
	if err := files.WriteFile("/gke/project.env", []byte(env)); err != nil {
		t.Fatal(err)
	}
	documents, err := build(files, "/gke")
	if err != nil {
		t.Fatal(err)
	}
	for text, times := range map[string]int{
		"image: europe-docker.pkg.dev:443/other/images/functions:v1.2-3\n":            2,
		"image: europe-docker.pkg.dev:443/other/images/socket:v1.2-3\n":               1,
		"image: europe-docker.pkg.dev:443/other/images/migrator:v1.2-3\n":             1,
		"  name: migrator-v1.2-3\n":                                                   1,
		"iam.gke.io/gcp-service-account: pulso-api1@accounts.example\n":               1,
		"iam.gke.io/gcp-service-account: pulso-api2@accounts.example\n":               1,
		"iam.gke.io/gcp-service-account: pulso-socket@accounts.example\n":             1,
		"iam.gke.io/gcp-service-account: pulso-migrator@accounts.example\n":           1,
		"PULSO_CLOUDSQL_INSTANCE: other:europe-west1:sql\n":                           1,
		"- resourceName: projects/other/secrets/pulso-ingest-token/versions/latest\n": 1,
		"- resourceName: projects/other/secrets/pulso-socket-token/versions/latest\n": 1,
		"  hostnames:\n  - pulso.example\n":                                           1,
		"  loadBalancerSourceRanges:\n  - 10.1.0.0/26\n":                              1,
		"cidr: 10.1.0.0/26\n": 1,
		"cidr: 10.2.0.0/20\n": 1,
		Project:               0,
	} {
		if n := bytes.Count(documents, []byte(text)); n != times {
			t.Errorf("%q is there %d times, not %d", text, n, times)
		}
	}
}

// README.md's command, as a person runs it, does what Build does.
func TestTheDocumentedSubstitution(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(gke, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^sed -i 's/PROJECT_ID/my-project/' gke/project.env$`).Find(readme)
	if command == nil {
		t.Fatal("README.md has no such command")
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "gke"), os.DirFS(gke)); err != nil {
		t.Fatal(err)
	}
	run := exec.Command("sh", "-c", strings.ReplaceAll(string(command), "my-project", Project))
	run.Dir = dir
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	copied, err := load(filepath.Join(dir, "gke"))
	if err != nil {
		t.Fatal(err)
	}
	byHand, err := build(copied, "/gke")
	if err != nil {
		t.Fatal(err)
	}
	byBuild, err := Build(gke)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(byHand, byBuild) {
		t.Errorf("differ:\n%s\n\n%s", byHand, byBuild)
	}
}

func TestComponentsInAnyOrder(t *testing.T) {
	for _, order := range [][2][]string{
		{{"http", "ingress"}, {"ingress", "http"}},
		{{"ingress"}, {"ingress", "without-autoscaling"}},
		{{"ingress"}, {"without-autoscaling", "ingress"}},
		{{"http", "without-autoscaling", "single-route/api1"}, {"single-route/api1", "without-autoscaling", "http"}},
		{{"without-ingest", "without-autoscaling"}, {"without-autoscaling", "without-ingest"}},
	} {
		one, err := Build(gke, order[0]...)
		if err != nil {
			t.Fatal(err)
		}
		other, err := Build(gke, order[1]...)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, other) {
			t.Errorf("%v and %v differ", order[0], order[1])
		}
	}
}

// An overlay of one's own gives the same as a line in gke/kustomization.yaml.
func TestComponentsFromAnOverlay(t *testing.T) {
	for _, components := range combinations {
		files, err := load(gke)
		if err != nil {
			t.Fatal(err)
		}
		overlay := "resources: [../gke]\ncomponents:\n"
		for _, c := range components {
			overlay += fmt.Sprintf("- ../gke/components/%s\n", c)
		}
		if err := files.WriteFile("/mine/kustomization.yaml", []byte(overlay)); err != nil {
			t.Fatal(err)
		}
		fromOverlay, err := build(files, "/mine")
		if err != nil {
			t.Fatal(err)
		}
		here, err := Build(gke, components...)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fromOverlay, here) {
			t.Errorf("%v: differ", components)
		}
	}
}

func TestEveryComponentIsCombinedAndDocumented(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(gke, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(gke, "components")
	var found int
	err = filepath.WalkDir(root, func(file string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Base(file) != "kustomization.yaml" {
			return err
		}
		found++
		component, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(combinations, func(c []string) bool { return slices.Contains(c, component) }) {
			t.Errorf("no combination has %s", component)
		}
		if !bytes.Contains(readme, []byte("`"+component+"`")) {
			t.Errorf("README.md does not say what `%s` is", component)
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Fatal(found, err)
	}
}

// A change of what the pods know restarts them.
func TestTheConfigurationIsNamedAfterWhatItHolds(t *testing.T) {
	names := map[string]bool{}
	for _, instance := range []string{"a:b:c", "a:b:d"} {
		files, err := load(gke)
		if err != nil {
			t.Fatal(err)
		}
		env, err := files.ReadFile("/gke/project.env")
		if err != nil {
			t.Fatal(err)
		}
		env = regexp.MustCompile(`(?m)^SQL_INSTANCE=.*$`).ReplaceAll(env, []byte("SQL_INSTANCE="+instance))
		if err := files.WriteFile("/gke/project.env", env); err != nil {
			t.Fatal(err)
		}
		documents, err := build(files, "/gke")
		if err != nil {
			t.Fatal(err)
		}
		objects, err := Objects(documents)
		if err != nil {
			t.Fatal(err)
		}
		for name := range all[*corev1.ConfigMap](combination{objects: objects}) {
			names[name] = true
		}
	}
	if len(names) != 2 {
		t.Errorf("two configurations have the names %v", names)
	}
}

func TestNoSecretIsHere(t *testing.T) {
	everywhere(t, func(t *testing.T, c combination) {
		if secrets := all[*corev1.Secret](c); len(secrets) > 0 {
			t.Errorf("%v", secrets)
		}
		secrets := map[string]string{"api1": "ingest-token", "api2": "ingest-token", "socket": "socket-token"}
		for service := range c.ports() {
			checkToken(t, c, service, secrets[service])
		}
	})
}
