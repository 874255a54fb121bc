package terraform_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTerraformTest runs Terraform's own tests, presets.tftest.hcl and validation.tftest.hcl.
func TestTerraformTest(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	for _, name := range []string{"presets.tftest.hcl", "validation.tftest.hcl"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(w.dir, "test"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.dir, "test", name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.must(t, "init", "-input=false", "-test-directory=test")
	out := w.must(t, "test", "-test-directory=test")
	if !regexp.MustCompile(`Success! [1-9][0-9]* passed, 0 failed`).MatchString(out) {
		t.Error(out)
	}
}

// TestEveryVariableIsExplained gives every variable a wrong value, and reads what Terraform says: for each validation its
// message, which names the variable, and shows a value that would do.
func TestEveryVariableIsExplained(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	source, err := os.ReadFile(filepath.Join(w.dir, "variables.tf"))
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, wrong := range [][]string{
		{
			"project=P", "load_generator_cidrs=[]", "preset=large", "region=us-central1-a", "machine_type=big", `vm_settings={PATH="x"}`,
			"sql_tier=big", "sql_instance=_", "token_version=0", `budget={billing_account="mine",amount=0}`, "alert_email=me",
		},
		{"ingest=lambda", "machine_type=c4-standard-2"},
		{"zone=europe-west1-b", "machine_type=t2a-standard-2", "preset=small", "ingest=both", `load_generator_cidrs=["0.0.0.0/0"]`},
	} {
		out, err := w.run(t, "plan", variables(wrong...)...)
		if err == nil {
			t.Fatalf("%v was not refused:\n%s", wrong, out)
		}
		said += err.Error()
	}
	said = strings.Join(strings.Fields(strings.NewReplacer("│", "", "╷", "", "╵", "").Replace(said)), " ")

	messages := regexp.MustCompile(`(?m)^    error_message = "(.*)"$`).FindAllStringSubmatch(string(source), -1)
	if want := strings.Count(string(source), "validation {"); len(messages) != want || want < 15 {
		t.Fatalf("%d messages for %d validations", len(messages), want)
	}
	for _, m := range messages {
		message := strings.ReplaceAll(m[1], `\"`, `"`)
		message = strings.NewReplacer("${var.region}", "us-central1").Replace(message)
		if !strings.Contains(said, message) {
			t.Errorf("nobody was told: %s", message)
		}
	}
	for _, block := range regexp.MustCompile(`(?s)variable "(\w+)" \{\n(.*?)\n\}\n`).FindAllStringSubmatch(string(source), -1) {
		for _, wanted := range []string{"description", "type"} {
			if !regexp.MustCompile(`(?m)^  ` + wanted + ` += \S`).MatchString(block[2]) {
				t.Errorf("variable %s lacks %s", block[1], wanted)
			}
		}
	}
}

// TestExampleIsTaken plans with terraform.tfvars.example as it is, which is refused with what to fill in; filled in; and with
// what it has commented out.
func TestExampleIsTaken(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(root, "terraform/terraform.tfvars.example"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t)
	tfvars := func(text string) {
		if err := os.WriteFile(filepath.Join(w.dir, "terraform.tfvars"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tfvars(string(content))
	_, err = w.run(t, "plan", "-input=false")
	for _, words := range []string{"project is the project's id", "load_generator_cidrs is a list"} {
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("it was not filled in, and Terraform does not say %q: %v", words, err)
		}
	}
	filled := strings.NewReplacer("YOUR-PROJECT-ID", "my-project-123456", "YOUR.PUBLIC.ADDRESS", "203.0.113.7").Replace(string(content))
	for _, text := range []string{filled, regexp.MustCompile(`(?m)^# (\w+ = )`).ReplaceAllString(filled, "$1")} {
		tfvars(text)
		w.must(t, "plan", "-input=false")
	}
}

// TestFormat holds terraform/ against `terraform fmt`.
func TestFormat(t *testing.T) {
	t.Parallel()
	w := workspace{filepath.Join(root, "terraform")}
	if out, err := w.run(t, "fmt", "-check", "-diff", "-recursive"); err != nil {
		t.Errorf("not formatted (terraform fmt -recursive terraform): %v%s", err, out)
	}
}
