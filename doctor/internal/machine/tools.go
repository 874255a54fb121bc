package machine

import (
	"cmp"
	"context"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

// user is who needs a tool.
type user int

const (
	demo      user = iota // make demo, which cannot install it
	installed             // make, which installs it
	cloud                 // who works with the cloud project
)

type tool struct {
	name  string
	argv  []string // prints the version
	least string   // the oldest version that will do; a test holds those of make demo against scripts/need
	user  user
	cure  []string
}

var tools = []tool{
	{"Go", []string{"go", "env", "GOVERSION"}, "1.21", demo, []string{"# see https://go.dev/doc/install"}},
	{"Node.js", []string{"node", "--version"}, "20.19", demo, []string{"# see https://nodejs.org/en/download"}},
	{"Python", []string{"python3", "--version"}, "3.11", demo, []string{"# Debian 12 and Ubuntu 24.04 have it as python3"}},
	{"MariaDB", []string{"mariadbd", "--version"}, "", installed, []string{"scripts/need mariadb"}},
	{"Chromium", []string{cmp.Or(os.Getenv("PULSO_CHROMIUM"), "chromium"), "--version"}, "", installed, []string{"scripts/need chromium"}},
	{"terraform", []string{"terraform", "version"}, "1.11", cloud, []string{"# see https://developer.hashicorp.com/terraform/install"}},
	{"gcloud", []string{"gcloud", "version"}, "", cloud, []string{"# see https://cloud.google.com/sdk/docs/install"}},
	{"kubectl", []string{"kubectl", "version", "--client"}, "", cloud, []string{
		"gcloud components install kubectl || sudo apt-get install kubectl"}},
	{"gke-gcloud-auth-plugin", []string{"gke-gcloud-auth-plugin", "--version"}, "", cloud, []string{
		"gcloud components install gke-gcloud-auth-plugin || sudo apt-get install google-cloud-cli-gke-gcloud-auth-plugin"}},
}

var version = regexp.MustCompile(`\d+\.\d+(\.\d+)*`)

func (m Machine) tool(ctx context.Context, t tool) check.Finding {
	out, err := m.Run(ctx, t.argv...)
	if command.KindOf(err) == command.NoProgram {
		return m.without(t, "not here")
	}
	if err != nil {
		return m.without(t, "does not run: "+err.Error())
	}
	have := version.FindString(string(out))
	if !atLeast(have, t.least) {
		return m.without(t, have+" is too old: "+t.least+" or newer is needed")
	}
	return check.Good("%s", cmp.Or(have, "here"))
}

// without is what follows from a tool that is not as it should be.
func (m Machine) without(t tool, what string) check.Finding {
	switch {
	case t.user == installed:
		return check.Warning(what+"; make installs it, with apt-get", t.cure...)
	case t.user == cloud && !m.Cloud:
		return check.Warning(what+"; only the cloud needs it", t.cure...)
	}
	return check.Failure(what, t.cure...)
}

// atLeast compares dotted numbers.
func atLeast(have, least string) bool {
	return slices.Compare(numbers(have), numbers(least)) >= 0
}

func numbers(version string) []int {
	var parts []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		parts = append(parts, n)
	}
	return parts
}
