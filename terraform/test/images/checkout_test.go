package images

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	root    = "../../.."
	version = "v9.8.7"
)

// checkout is a copy of the project's sources, with a store of images of its own.
type checkout struct {
	dir, store string
	ids        map[string]string // the images by their names: digests of all that they are
}

// copyFiles leaves out what git does.
const copyFiles = `cd "$1" &&
	git ls-files -z --cached --others --exclude-standard --deduplicate |
	tar --create --mode=u=rwX,go=rX --null --ignore-failed-read --files-from - |
	tar --extract --touch --directory "$2"`

func newCheckout(t *testing.T, from string) *checkout {
	t.Helper()
	c := &checkout{dir: t.TempDir(), store: t.TempDir(), ids: map[string]string{}}
	output(t, "bash", "-o", "pipefail", "-c", copyFiles, "bash", from, c.dir)
	packages, err := filepath.Abs(filepath.Join(root, "frontend/node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	output(t, "ln", "-sfn", packages, filepath.Join(c.dir, "frontend/node_modules"))
	return c
}

// commit makes a repository of it, whose only commit is the version.
func (c *checkout) commit(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"add", "--all"},
		{"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "all"},
		{"tag", version},
	} {
		output(t, "git", append([]string{"-C", c.dir}, args...)...)
	}
}

// build makes the programs, the pages and of them the images.
func (c *checkout) build(t *testing.T, umask string, makeArgs ...string) {
	t.Helper()
	goals := []string{"frontend/dist/index.html"}
	for _, image := range images {
		goals = append(goals, "bin/"+image.name)
	}
	c.make(t, umask, append(makeArgs, goals...)...)
	for _, image := range images {
		c.ids[image.name] = strings.TrimSpace(c.buildah(t, "bud", "--quiet", "--isolation", "chroot", "--timestamp", "0",
			"--identity-label=false", "--build-arg", "BASE=scratch", "--build-arg", "VERSION="+version,
			"--build-arg", "SERVICE="+image.name, "--target", image.target, "--tag", image.name, c.dir))
	}
}

// make runs make without what `make test-cloud` has set, and takes what npm installed as it is.
func (c *checkout) make(t *testing.T, umask string, args ...string) string {
	t.Helper()
	const script = `umask "$1" && shift && unset GOFLAGS MAKEFLAGS MAKELEVEL VERSION && make "$@"`
	return output(t, "bash", append([]string{
		"-c", script, "bash", umask, "--directory", c.dir, "--old-file", "frontend/node_modules/ready",
	}, args...)...)
}

func (c *checkout) buildah(t *testing.T, args ...string) string {
	t.Helper()
	return output(t, "buildah", append([]string{
		"--storage-driver", "vfs", "--root", filepath.Join(c.store, "root"), "--runroot", filepath.Join(c.store, "run"),
	}, args...)...)
}

// differences is in what these parts of two checkouts differ.
func differences(one, other string, parts ...string) string {
	var list strings.Builder
	for _, part := range parts {
		cmd := exec.Command("diff", "--recursive", "--brief", filepath.Join(one, part), filepath.Join(other, part))
		cmd.Stdout = &list
		_ = cmd.Run() // it fails where there are some
	}
	return list.String()
}

// output runs a program and returns what it prints.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	printed, err := exec.Command(name, args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			printed = append(printed, exit.Stderr...)
		}
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, printed)
	}
	return string(printed)
}
