package build_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
)

// docker puts a program in docker's place that writes down what it is told; there is no docker in the tests. It fails at
// what has a line in the file fail of the folder that is returned.
func (w *workspace) docker(t *testing.T) (state string) {
	t.Helper()
	state = t.TempDir()
	writeFile(t, filepath.Join(state, "fail"), "")
	script := "#!/bin/bash\necho \"$*\" >>" + state + "/calls\ngrep -qxF -- \"$*\" " + state + "/fail && { echo denied; exit 1; }\ncase \"$*\" in\n"
	for _, name := range images {
		// Docker knows an image by every repository that it was pushed to.
		script += fmt.Sprintf("'image inspect '*/%s:%s) printf '%%s\\n' other/%s@%s %s/%s@%s ;;\n", name, buildID, name, digest("x"), registry, name, digest(name))
	}
	writeFile(t, filepath.Join(state, "docker"), script+"esac\n")
	if err := os.Chmod(filepath.Join(state, "docker"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.environment = append(w.environment, "PATH="+state+":"+os.Getenv("PATH"))
	return state
}

func TestImages(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, plain(t))
	state := w.docker(t)
	// What an earlier attempt left.
	writeFile(t, filepath.Join(w.dir, "build/digests"), "agent "+digest("old")+"\n")
	if out, err := w.step(t, "images"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	written, err := os.ReadFile(filepath.Join(w.dir, "build/digests"))
	if err != nil {
		t.Fatal(err)
	}
	var want, all []string
	for _, name := range images {
		all = append(all, name+" "+digest(name))
		target := "--target service --build-arg SERVICE=" + name
		if name == "agent" || name == "frontend" {
			target = "--target " + name
		}
		want = append(want, fmt.Sprintf("build %s --build-arg VERSION=v1.2-3-gabcdef --tag %s/%s:%s --tag %s/%s:latest .", target, registry, name, buildID, registry, name))
	}
	if string(written) != strings.Join(all, "\n")+"\n" {
		t.Errorf("the digests are\n%s", written)
	}
	for _, tag := range []string{buildID, "latest"} {
		for _, name := range images {
			want = append(want, "push --quiet "+registry+"/"+name+":"+tag)
		}
	}
	if got := told(t, state); !slices.Equal(got, want) {
		t.Errorf("docker is told\n%s", strings.Join(got, "\n"))
	}

	// None is pushed where one cannot be built, and no latest moves where one is not pushed.
	again := func(fails string, says ...string) []string {
		if err := os.Remove(filepath.Join(state, "calls")); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(state, "fail"), fails+"\n")
		w.refused(t, "images", nil, says...)
		return told(t, state)
	}
	if got := again(want[3], "the image socket could not be built", "the Dockerfile"); len(got) != 4 {
		t.Errorf("socket could not be built; docker was told\n%s", strings.Join(got, "\n"))
	}
	if got := again(want[8], "functions:"+buildID+" could not be pushed", "roles/artifactregistry.writer", "_REGION"); len(got) != 9 {
		t.Errorf("functions could not be pushed; docker was told\n%s", strings.Join(got, "\n"))
	}
}

// told is the images that docker was told to build and to push, in order.
func told(t *testing.T, state string) []string {
	t.Helper()
	return slices.DeleteFunc(strings.Split(calls(t, state), "\n"), func(call string) bool {
		return !strings.HasPrefix(call, "build ") && !strings.HasPrefix(call, "push ")
	})
}

// What `docker image inspect` is asked for is a template of Go's, with functions of docker's own.
func TestTheDigestIsAskedForInATemplateThatWorks(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "scripts/cloud/images"))
	if err != nil {
		t.Fatal(err)
	}
	format := regexp.MustCompile(`--format '(.*?)'`).FindSubmatch(text)
	if format == nil {
		t.Fatal("there is no format")
	}
	parsed, err := template.New("").Funcs(template.FuncMap{"join": strings.Join}).Parse(string(format[1]))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, struct{ RepoDigests []string }{[]string{"a@1", "b@2"}}); err != nil || out.String() != "a@1\nb@2" {
		t.Errorf("%q, %v", &out, err)
	}
}

// The Dockerfile can be built of the upload: what it copies is in it, or made by an earlier step.
func TestWhatTheImagesCopyIsThere(t *testing.T) {
	files := submitted(t).files(t)
	there := func(path string) bool {
		for name := range files {
			if name == path || strings.HasPrefix(name, path+"/") {
				return true
			}
		}
		return false
	}
	made := []string{"frontend/dist"} // by the step dashboard, below
	step, err := os.ReadFile(filepath.Join(root, "scripts/cloud/binaries"))
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, regexp.MustCompile(`\bbin/\w+`).FindAllString(string(step), -1)...)
	dockerfile, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	services := []string{"workload", "functions", "socket", "migrator"}
	var copied []string
	for lines := bufio.NewScanner(bytes.NewReader(dockerfile)); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || words[0] != "COPY" {
			continue
		}
		words = slices.DeleteFunc(words[1:], func(word string) bool { return strings.HasPrefix(word, "--") })
		for _, source := range words[:len(words)-1] {
			if strings.Contains(source, "${SERVICE}") {
				for _, service := range services {
					copied = append(copied, strings.ReplaceAll(source, "${SERVICE}", service))
				}
				continue
			}
			copied = append(copied, source)
		}
	}
	if len(copied) < 3+len(services) {
		t.Fatalf("the Dockerfile copies %v", copied)
	}
	for _, source := range copied {
		if !slices.Contains(made, source) && !there(source) {
			t.Errorf("%s is neither uploaded nor made", source)
		}
	}
	// What docker is let see of it.
	ignored, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`(?m)^!(.+)$`).FindAllSubmatch(ignored, -1) {
		if name := string(found[1]); !slices.Contains(made, name) && !there(name) {
			t.Errorf(".dockerignore names %s, which is neither uploaded nor made", name)
		}
	}
}
