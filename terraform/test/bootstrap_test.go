package terraform_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBootstrap holds docs/bootstrap.md, the way from the empty project to the first point on the chart, against itself and
// against terraform/: what a step needs, an earlier step makes; and where both are Terraform's, Terraform knows it.
func TestBootstrap(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/bootstrap.md"))
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(root, "terraform/*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(content)
	}
	build, err := os.ReadFile(filepath.Join(root, "cloudbuild.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range bootstrapFaults(t, string(page), files, string(build)) {
		t.Error(fault)
	}
}

func bootstrapFaults(t *testing.T, page string, files map[string]string, build string) []string {
	t.Helper()
	steps, err := readSteps(page)
	if err != nil {
		return []string{err.Error()}
	}
	g, err := readGraph(files)
	if err != nil {
		t.Fatal(err)
	}
	buildSteps, err := readBuild(build)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(orderFaults(steps), resourceFaults(steps, g), graphFaults(steps, g), buildFaults(steps, buildSteps), nameFaults(page, steps, files, g))
}

// orderFaults: every step makes something, once, and needs only what was made before it.
func orderFaults(steps []step) []string {
	var faults []string
	maker := map[string]int{}
	for i, s := range steps {
		if s.number != i+1 {
			faults = append(faults, fmt.Sprintf("%s comes after %d steps", s, i))
		}
		if len(s.makes) == 0 {
			faults = append(faults, fmt.Sprintf("%s makes nothing", s))
		}
		if i > 0 && len(s.needs) == 0 {
			faults = append(faults, fmt.Sprintf("%s needs nothing", s))
		}
		for _, need := range s.needs {
			if maker[need] == 0 {
				faults = append(faults, fmt.Sprintf("%s needs `%s`, which no earlier step makes", s, need))
			}
		}
		for _, thing := range s.makes {
			if maker[thing] != 0 {
				faults = append(faults, fmt.Sprintf("%s makes `%s`, which step %d has made", s, thing, maker[thing]))
			}
			maker[thing] = s.number
		}
	}
	return faults
}

// resourceFaults: the steps of Terraform make its resources and nothing else, all of them, in one go.
func resourceFaults(steps []step, g graph) []string {
	var faults []string
	made := map[string]bool{}
	last := 0
	for i, s := range steps {
		if !s.terraform() {
			for _, thing := range s.makes {
				if isResource(thing) {
					faults = append(faults, fmt.Sprintf("%s makes `%s`, and is not Terraform's", s, thing))
				}
			}
			continue
		}
		if last > 0 && last != i {
			faults = append(faults, fmt.Sprintf("%s is apart from Terraform's other steps, which are one command", s))
		}
		last = i + 1
		for _, thing := range s.makes {
			made[thing] = true
			if _, ok := g[thing]; !ok {
				faults = append(faults, fmt.Sprintf("%s makes `%s`, which is not in terraform/", s, thing))
			}
		}
	}
	for _, resource := range slices.Sorted(maps.Keys(g)) {
		if !made[resource] {
			faults = append(faults, fmt.Sprintf("no step makes `%s` of terraform/", resource))
		}
	}
	return faults
}

// graphFaults: Terraform waits for what its steps need, and they need what their resources name. All of them wait for the
// APIs, the first thing that it makes.
func graphFaults(steps []step, g graph) []string {
	var faults []string
	var first string
	for _, s := range steps {
		if !s.terraform() {
			continue
		}
		behind := map[string]bool{}
		for _, resource := range s.makes {
			all := g.behind(resource)
			maps.Copy(behind, all)
			if first == "" {
				first = resource
			}
			if resource != first && !all[first] {
				faults = append(faults, fmt.Sprintf("%s: Terraform makes `%s` without waiting for `%s`", s, resource, first))
			}
			for _, other := range g[resource] {
				if !slices.Contains(s.needs, other) && !slices.Contains(s.makes, other) {
					faults = append(faults, fmt.Sprintf("%s: `%s` refers to `%s`, which is not among its needs", s, resource, other))
				}
			}
		}
		for _, need := range s.needs {
			if isResource(need) && !behind[need] {
				faults = append(faults, fmt.Sprintf("%s needs `%s`, and Terraform does not wait for it: no reference and no depends_on leads there", s, need))
			}
		}
	}
	return faults
}

// buildFaults: the steps of Cloud Build are those of cloudbuild.yaml, each once, none before what it waits for.
func buildFaults(steps []step, build []buildStep) []string {
	var faults []string
	row := map[string]step{}
	for _, s := range steps {
		if s.actor != "Cloud Build" {
			continue
		}
		head, _, _ := strings.Cut(s.what, ":")
		names := spans(head)
		if len(names) == 0 {
			faults = append(faults, fmt.Sprintf("%s does not begin with its steps in cloudbuild.yaml", s))
		}
		for _, name := range names {
			if before, ok := row[name]; ok {
				faults = append(faults, fmt.Sprintf("%s names `%s`, which step %d has named", s, name, before.number))
			}
			row[name] = s
			if !slices.ContainsFunc(build, func(b buildStep) bool { return b.ID == name }) {
				faults = append(faults, fmt.Sprintf("%s names `%s`, which is no step of cloudbuild.yaml", s, name))
			}
		}
	}
	for _, b := range build {
		s, ok := row[b.ID]
		if !ok {
			faults = append(faults, fmt.Sprintf("no step names `%s` of cloudbuild.yaml", b.ID))
			continue
		}
		for _, other := range b.WaitFor {
			if row[other].number > s.number {
				faults = append(faults, fmt.Sprintf("%s: `%s` waits for `%s`, which comes later", s, b.ID, other))
			}
		}
	}
	return faults
}

// nameFaults: the accounts and roles that the page names are those of terraform/, and each account acts in some step.
func nameFaults(page string, steps []step, files map[string]string, g graph) []string {
	var faults []string
	accounts, err := accounts(files["identities.tf"])
	if err != nil {
		return []string{err.Error()}
	}
	acts := map[string]bool{}
	for _, s := range steps {
		for _, account := range spans(s.account) {
			acts[account] = true
			if strings.HasPrefix(account, "pulso-") && !slices.Contains(accounts, account) {
				faults = append(faults, fmt.Sprintf("%s: terraform/identities.tf has no account `%s`", s, account))
			}
		}
	}
	for _, account := range accounts {
		if !acts[account] {
			faults = append(faults, fmt.Sprintf("no step is done as `%s`", account))
		}
	}
	all := strings.Join(slices.Collect(maps.Values(files)), "\n")
	for _, name := range spans(page) {
		if strings.HasPrefix(name, "roles/") && !strings.Contains(all, `"`+name+`"`) {
			faults = append(faults, fmt.Sprintf("nobody has the role `%s` in terraform/", name))
		}
		if _, ok := g[name]; isResource(name) && !ok {
			faults = append(faults, fmt.Sprintf("the page names `%s`, which is not in terraform/", name))
		}
	}
	return faults
}

// TestBootstrapFaults breaks a small page, and what it is about, in every way that must be found.
func TestBootstrapFaults(t *testing.T) {
	code := func(text string) string { return strings.ReplaceAll(text, "~", "`") }
	page := code(`
| # | what happens | actor | account | network path | needs | makes |
|---|---|---|---|---|---|---|
| 1 | a project | a person | own | | | ~project~ |
| 2 | APIs | Terraform | own | | ~project~ | ~google_project_service.api~ |
| 3 | a token | Terraform | own | | ~google_project_service.api~ | ~google_secret.token~, ~google_secret_version.token~ |
| 4 | a service | Terraform | own | | ~google_project_service.api~, ~google_secret.token~, ~google_secret_version.token~ | ~google_service.pulso~ |
| 5 | ~lint~, ~test~: checked | Cloud Build | ~pulso-build~, by ~roles/some.role~ | | ~project~ | ~checks~ |
| 6 | ~deploy~: deployed | Cloud Build | ~pulso-build~ | | ~checks~, ~google_service.pulso~ | ~page~ |
`)
	const identities = `
locals {
  accounts = { build = "Cloud Build" }
  role     = "roles/some.role"
}`
	const main = `
resource "google_project_service" "api" {}
resource "google_secret" "token" {
  depends_on = [google_project_service.api]
}
resource "google_secret_version" "token" {
  secret = google_secret.token.id
}
locals {
  name = google_secret.token.name
}
resource "google_service" "pulso" {
  secret     = local.name
  depends_on = [google_project_service.api, google_secret_version.token]
}`
	const build = `
steps:
  - id: lint
  - id: test
  - id: deploy
    waitFor: [lint, test]
`
	faults := func(page, main, build string) []string {
		return bootstrapFaults(t, page, map[string]string{"identities.tf": identities, "main.tf": main}, build)
	}
	if faults := faults(page, main, build); len(faults) > 0 {
		t.Fatalf("the page that is right: %q", faults)
	}

	replace := func(s, old, new string) string {
		t.Helper()
		old, new = code(old), code(new)
		if strings.Count(s, old) != 1 {
			t.Fatalf("%q is not there once", old)
		}
		return strings.Replace(s, old, new, 1)
	}
	lines := strings.SplitAfter(page, "\n")
	swapped := strings.Join(slices.Concat(lines[:5], lines[6:7], lines[5:6], lines[7:]), "")
	for _, broken := range []struct{ name, page, main, build, fault string }{
		{"no table", "", main, build, "no table"},
		{"a cell too many", replace(page, "| 6 |", "| 6 | |"), main, build, "has 8 cells"},
		{"no number", replace(page, "| 6 |", "| six |"), main, build, "has no number"},
		{"a cell without code spans", replace(page, "~page~", "page"), main, build, "outside of code spans"},
		{"swapped", swapped, main, build, "step 4 (a service) needs ~google_secret.token~, which no earlier step makes"},
		{"swapped, by number", swapped, main, build, "step 4 (a service) comes after 2 steps"},
		{"made twice", replace(page, "| ~page~ |", "| ~project~ |"), main, build, "step 6 (~deploy~: deployed) makes ~project~, which step 1 has made"},
		{"makes nothing", replace(page, "| ~page~ |", "| |"), main, build, "step 6 (~deploy~: deployed) makes nothing"},
		{"needs nothing", replace(page, "| ~project~ | ~google_project_service.api~ |", "| | ~google_project_service.api~ |"), main, build, "step 2 (APIs) needs nothing"},

		{"a resource that nobody makes", page, main + "\nresource \"google_other\" \"pulso\" {}", build, "no step makes ~google_other.pulso~"},
		{"a resource that is not there", replace(page, "| ~google_service.pulso~ |", "| ~google_service.pulso~, ~google_other.pulso~ |"), main, build, "makes ~google_other.pulso~, which is not in terraform/"},
		{"a resource named in passing", page + code("~google_other.pulso~"), main, build, "the page names ~google_other.pulso~"},
		{"another's work by Terraform", replace(page, "deployed | Cloud Build", "deployed | Terraform"), main, build, "makes ~page~, which is not in terraform/"},
		{"Terraform's work by another", replace(page, "a service | Terraform", "a service | a person"), main, build, "makes ~google_service.pulso~, and is not Terraform's"},
		{"Terraform twice", replace(page, "a token | Terraform", "a token | a person"), main, build, "step 4 (a service) is apart"},

		{"a need that Terraform does not know", page, replace(main, "[google_project_service.api, google_secret_version.token]", "[google_project_service.api]"), build, "step 4 (a service) needs ~google_secret_version.token~, and Terraform does not wait for it"},
		{"a reference that is no need", replace(page, "~google_secret.token~, ~google_secret_version.token~ | ~google_service", "~google_secret_version.token~ | ~google_service"), main, build, "~google_service.pulso~ refers to ~google_secret.token~, which is not among its needs"},
		{"no waiting for the APIs", page, replace(main, "  depends_on = [google_project_service.api]\n", ""), build, "makes ~google_secret_version.token~ without waiting for ~google_project_service.api~"},

		{"a step of the build that is not there", page, main, replace(build, "  - id: test\n", ""), "names ~test~, which is no step of cloudbuild.yaml"},
		{"a step of the build that nobody names", replace(page, "~lint~, ~test~", "~lint~"), main, build, "no step names ~test~ of cloudbuild.yaml"},
		{"a step of the build that is named twice", replace(page, "| ~deploy~: ", "| ~deploy~, ~lint~: "), main, build, "names ~lint~, which step 5 has named"},
		{"a row that names no step of the build", replace(page, "| ~deploy~: ", "| "), main, build, "does not begin with its steps in cloudbuild.yaml"},
		{"the build in another order", page, main, replace(build, "  - id: lint\n", "  - id: lint\n    waitFor: [deploy]\n"), "~lint~ waits for ~deploy~, which comes later"},

		{"an account that is not there", replace(page, "~pulso-build~, by", "~pulso-builder~, by"), main, build, "no account ~pulso-builder~"},
		{"an account that does nothing", strings.ReplaceAll(page, code("~pulso-build~"), "somebody"), main, build, "no step is done as ~pulso-build~"},
		{"a role that nobody has", page + code("~roles/owner~"), main, build, "nobody has the role ~roles/owner~"},
	} {
		got := faults(broken.page, broken.main, broken.build)
		if !slices.ContainsFunc(got, func(fault string) bool { return strings.Contains(fault, code(broken.fault)) }) {
			t.Errorf("%s: no fault has %q: %q", broken.name, code(broken.fault), got)
		}
	}
}
