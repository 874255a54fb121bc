package build_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Of the folders that are uploaded everything is, but what people read.
func TestWholeFoldersAreUploaded(t *testing.T) {
	files := submitted(t).files(t)
	folders := map[string]bool{}
	for name := range files {
		folder, _, nested := strings.Cut(name, "/")
		folders[folder] = folders[folder] || nested
	}
	whole := []string{"agent", "frontend", "functions", "gke", "internal", "kernel", "local", "socket"}
	for _, folder := range whole {
		if !folders[folder] {
			t.Errorf("nothing of %s/ is uploaded", folder)
		}
	}
	for _, name := range tracked(t) {
		folder, _, _ := strings.Cut(name, "/")
		if slices.Contains(whole, folder) && files[name] == nil && !strings.HasSuffix(name, ".md") && !strings.HasPrefix(name, "gke/test/") {
			t.Errorf("%s is not uploaded; .gcloudignore has a list of what is", name)
		}
	}
}

// The programs of the images are built of what was uploaded, with no git around.
func TestBinaries(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, goEnvironment(t))
	if out, err := run(t, w.dir, w.environment, "go", "list", "./..."); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := w.step(t, "binaries"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range images {
		binary, err := os.ReadFile(filepath.Join(w.dir, "bin", name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Contains(binary, []byte("v1.2-3-gabcdef")) {
			t.Errorf("bin/%s is not stamped", name)
		}
	}
	w.refused(t, "binaries", []string{"VERSION=v1 -extld=evil"}, `VERSION is "v1 -extld=evil"`, "git describe")
	w.refused(t, "binaries", []string{"VERSION="}, "VERSION is not set")
	writeFile(t, filepath.Join(w.dir, "agent/main.go"), "package main\n\nfunc main() { undefined() }\n")
	w.refused(t, "binaries", nil, "undefined: undefined", "make build does the same on your machine")
}

// goEnvironment is this test's own, with its caches, but for git: Cloud Build's image knows no checkout.
func goEnvironment(t *testing.T) []string {
	t.Helper()
	environment := plain(t)
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN", "GONOSUMDB", "GOFLAGS"} {
		value, err := run(t, ".", os.Environ(), "go", "env", name)
		if err != nil {
			t.Fatal(value)
		}
		environment = append(environment, name+"="+strings.TrimSpace(value))
	}
	return environment
}

// The page is linted and built of what was uploaded. npm fetches nothing: what it would install is the checkout's.
func TestDashboard(t *testing.T) {
	t.Parallel()
	installed, err := filepath.Abs(filepath.Join(root, "frontend/node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(installed + "/ready"); err != nil {
		t.Fatalf("make frontend/node_modules/ready installs what this needs: %v", err)
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t, plain(t))
	state := t.TempDir()
	writeFile(t, filepath.Join(state, "npm"), `#!/bin/bash
echo "$*" >>`+state+`/calls
case $1 in
ci) ln -sfn `+installed+` node_modules ;;
test) ! cat `+state+`/test 2>/dev/null ;;
*) exec `+npm+` "$@" ;;
esac
`)
	if err := os.Chmod(filepath.Join(state, "npm"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.environment = append(w.environment, "PATH="+state+":"+os.Getenv("PATH"))
	if out, err := w.step(t, "dashboard"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "frontend/dist/index.html")); err != nil {
		t.Error(err)
	}
	if got := calls(t, state); !strings.HasPrefix(got, "ci --no-fund --no-audit\nrun lint\ntest -- --testTimeout=60000\nrun build\n") {
		t.Errorf("npm was told\n%s", got)
	}
	writeFile(t, filepath.Join(state, "test"), "1 failed\n")
	w.refused(t, "dashboard", nil, "1 failed", "a test of the page failed", "make test-frontend")
	writeFile(t, filepath.Join(w.dir, "frontend/src/app/main.tsx"), "let x: number = 'no'")
	w.refused(t, "dashboard", nil, "linter", "make fmt")
}

// The checks by Go, with a go that lists packages and runs nothing: what they do is minutes of work, which make lint and
// make test do on the same sources.
func TestChecks(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, goEnvironment(t))
	state := t.TempDir()
	real, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(state, "go"), `#!/bin/bash
[ "$1" = list ] && exec `+real+` "$@"
echo "CI=${CI:-} GOFLAGS=$GOFLAGS $*" >>`+state+`/calls
! cat `+state+`/fail 2>/dev/null
`)
	writeFile(t, filepath.Join(w.dir, "scripts/need"), "#!/bin/bash\necho \"need $*\" >>"+state+"/calls\n")
	if err := os.Chmod(filepath.Join(state, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.environment = append(w.environment, "PATH="+state+":"+os.Getenv("PATH"))
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var programs []string
	for _, found := range regexp.MustCompile(`(?m)^bin/(\w+): *PACKAGE := (\S+)$`).FindAllSubmatch(makefile, -1) {
		if slices.Contains(images, string(found[1])) {
			programs = append(programs, string(found[2]))
		}
	}
	if len(programs) != len(images) {
		t.Fatalf("the Makefile builds %v", programs)
	}
	slices.Sort(programs)
	version := regexp.MustCompile(`(?m)^GOLANGCI_LINT := (.*)$`).FindSubmatch(makefile)

	for id, cure := range map[string]string{"lint": "make lint", "test": "make test-go", "vulnerabilities": "go get MODULE@VERSION"} {
		if out, err := w.step(t, id); err != nil {
			t.Errorf("%s: %v\n%s", id, err, out)
		}
		writeFile(t, filepath.Join(state, "fail"), "what is wrong\n")
		w.refused(t, id, nil, "what is wrong", cure)
		if err := os.Remove(filepath.Join(state, "fail")); err != nil {
			t.Fatal(err)
		}
	}
	told := calls(t, state)
	for _, text := range []string{
		"GOFLAGS=-tags=nomsgpack run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@" + string(version[1]) + " run ./...\n",
		"cmd/govulncheck@v1.7.0 " + strings.Join(programs, " ") + "\n",
		"need mariadb\nCI=true GOFLAGS=-tags=nomsgpack test -count=1 ",
	} {
		if !strings.Contains(told, text) {
			t.Errorf("go is not told %q:\n%s", text, told)
		}
	}
	// Whatever goes into an image and has tests is tested.
	list := append([]string{"list", "-deps", "-f", "{{if not .Standard}}{{if .TestGoFiles}}{{.ImportPath}}{{else if .XTestGoFiles}}{{.ImportPath}}{{end}}{{end}}"}, programs...)
	out, err := run(t, w.dir, w.environment, "go", list...)
	if err != nil {
		t.Fatal(out)
	}
	var ours int
	for _, name := range strings.Fields(out) {
		if strings.HasPrefix(name, "github.com/pulso-lab/pulso/") {
			ours++
			if !strings.Contains(told, " "+name+" ") && !strings.Contains(told, " "+name+"\n") {
				t.Errorf("%s is not tested", name)
			}
		}
	}
	if ours < 20 {
		t.Errorf("the images hold %d packages with tests", ours)
	}
}
