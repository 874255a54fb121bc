package build_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// schema is a type as Google's APIs describe theirs (Discovery). The Go types are made of these descriptions, but encoding/json
// does not mind the case of a field's name, and a string takes any value.
type schema struct {
	Ref                  string `json:"$ref"`
	Type, Format         string
	Enum                 []string
	Items                *schema
	Properties           map[string]*schema
	AdditionalProperties *schema
}

var (
	duration = regexp.MustCompile(`^\d+(\.\d+)?s$`)
	// discovered is the types of Cloud Build's API.
	discovered = sync.OnceValues(func() (map[string]*schema, error) {
		var api struct{ Schemas map[string]*schema }
		return api.Schemas, describe("cloudbuild/v1/cloudbuild-api.json", &api)
	})
)

// describe reads the description of an API, out of the module that has the Go types as well.
func describe(file string, api any) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), file))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, api)
}

// conforms looks whether a JSON value is of the API's type called name, on every level: no field that the type does not
// have, no value that it does not know.
func conforms(value any, name string) error {
	schemas, err := discovered()
	if err != nil {
		return err
	}
	return (&schema{Ref: name}).check(schemas, name, value)
}

func (s *schema) check(schemas map[string]*schema, at string, value any) error {
	if s.Ref != "" {
		of := schemas[s.Ref]
		if of == nil {
			return fmt.Errorf("%s: the API has no type %s", at, s.Ref)
		}
		return of.check(schemas, at, value)
	}
	switch v := value.(type) {
	case map[string]any:
		for name, part := range v {
			of := s.Properties[name]
			if of == nil {
				of = s.AdditionalProperties
			}
			if s.Type != "object" || of == nil {
				return fmt.Errorf("%s has no field %s", at, name)
			}
			if err := of.check(schemas, at+"."+name, part); err != nil {
				return err
			}
		}
		return nil
	case []any:
		if s.Type != "array" {
			return fmt.Errorf("%s is a list, and should be of type %s", at, s.Type)
		}
		for i, part := range v {
			if err := s.Items.check(schemas, fmt.Sprintf("%s[%d]", at, i), part); err != nil {
				return err
			}
		}
		return nil
	case string:
		// Numbers of 64 bits are strings.
		if s.Type != "string" || s.Enum != nil && !slices.Contains(s.Enum, v) || s.Format == "google-duration" && !duration.MatchString(v) {
			return fmt.Errorf("%s is %q, and should be of type %s %s %v", at, v, s.Type, s.Format, s.Enum)
		}
		return nil
	case float64:
		if s.Type != "integer" && s.Type != "number" {
			return fmt.Errorf("%s is %v, and should be of type %s", at, v, s.Type)
		}
		return nil
	case bool:
		if s.Type != "boolean" {
			return fmt.Errorf("%s is %t, and should be of type %s", at, v, s.Type)
		}
		return nil
	}
	return fmt.Errorf("%s is %v, and should be of type %s", at, value, s.Type)
}

// decode reads a Build, and refuses what the API would not take.
func decode(text []byte, into any) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	if err := conforms(value, "Build"); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func TestWhatTheAPIDoesNotTakeIsRefused(t *testing.T) {
	for _, text := range []string{
		"steps: [{name: x, waitfor: ['-']}]", "steps: [{name: x}]\noption: {}", "options: {loging: NONE}", "options: {volumes: [{name: x, paths: /x}]}",
		"steps: [{name: x, args: y}]", "timeout: [60s]", "timeout: 5m", "timeout: 60", "steps: [{timeout: 60}]", "steps: []\nsteps: []", "substitutions: {_X: [a]}", "substitutions: {_X: 1}",
		"options: {logging: CLOUD_LOGGING}", "options: {machineType: N2_BIG}", "options: {machineType: e2-highcpu-8}", "options: {dynamicSubstitutions: 'true'}",
	} {
		if build, err := parse([]byte(text)); err == nil {
			t.Errorf("%s is %+v", text, build)
		}
	}
	if _, err := parse([]byte("steps: [{name: x, allowExitCodes: [1], allowFailure: true}]\noptions: {diskSizeGb: '100'}")); err != nil {
		t.Error(err)
	}
}
