package terraform_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// step is a row of the table in docs/bootstrap.md.
type step struct {
	number               int
	what, actor, account string
	needs, makes         []string
}

func (s step) String() string { return fmt.Sprintf("step %d (%s)", s.number, s.what) }

func (s step) terraform() bool { return s.actor == "Terraform" }

// stepHead begins the table.
const stepHead = "| # | what happens | actor | account | network path | needs | makes |"

func readSteps(page string) ([]step, error) {
	_, table, ok := strings.Cut(page, stepHead+"\n")
	if !ok {
		return nil, fmt.Errorf("no table begins with %s", stepHead)
	}
	var steps []step
	for i, line := range strings.Split(table, "\n") {
		if !strings.HasPrefix(line, "|") {
			break
		}
		if i == 0 { // |---|---|
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != strings.Count(stepHead, "|")-1 {
			return nil, fmt.Errorf("this row has %d cells: %s", len(cells), line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		number, err := strconv.Atoi(cells[0])
		if err != nil {
			return nil, fmt.Errorf("this row has no number: %s", line)
		}
		s := step{number: number, what: cells[1], actor: cells[2], account: cells[3], needs: spans(cells[5]), makes: spans(cells[6])}
		for _, cell := range cells[5:] {
			if strings.Trim(codeSpan.ReplaceAllString(cell, ""), ", ") != "" {
				return nil, fmt.Errorf("%s has words outside of code spans: %s", s, cell)
			}
		}
		steps = append(steps, s)
	}
	return steps, nil
}

var codeSpan = regexp.MustCompile("`[^`\n]+`")

// spans are the code spans of a text.
func spans(text string) []string {
	all := codeSpan.FindAllString(text, -1)
	for i := range all {
		all[i] = strings.Trim(all[i], "`")
	}
	return all
}

var resourceAddress = regexp.MustCompile(`^google_[a-z0-9_]+\.[a-z0-9_]+$`)

func isResource(name string) bool { return resourceAddress.MatchString(name) }

// buildStep is a step of cloudbuild.yaml.
type buildStep struct {
	ID      string   `yaml:"id"`
	WaitFor []string `yaml:"waitFor"`
}

func readBuild(text string) ([]buildStep, error) {
	var build struct {
		Steps []buildStep `yaml:"steps"`
	}
	if err := yaml.Unmarshal([]byte(text), &build); err != nil {
		return nil, fmt.Errorf("cloudbuild.yaml: %w", err)
	}
	return build.Steps, nil
}
