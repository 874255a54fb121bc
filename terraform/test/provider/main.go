// Command terraform-provider-google stands in for Google's Terraform provider where that cannot be had, or must not be
// let near a project: it has the provider's schema, which the command in extract makes, plans and applies everything, and
// keeps it nowhere but in Terraform's state. So what real Terraform says of a configuration on top of it is true as far
// as the schema goes: names, types, what must be said, references, the order, what is known only after apply. What the
// provider checks in code (enums, patterns, conflicting arguments) and what forces a replacement, it does not know.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/pulso-lab/pulso/terraform/test/provider/schema"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "terraform-provider-google, the stub:", err)
		os.Exit(1)
	}
}

// run serves the schema.json that lies beside the program, where Terraform found both.
func run() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(program), "schema.json"))
	if err != nil {
		return err
	}
	p, err := newProvider(text)
	if err != nil {
		return fmt.Errorf("schema.json: %w", err)
	}
	return tf5server.Serve("registry.terraform.io/hashicorp/google", func() tfprotov5.ProviderServer { return p })
}

func newProvider(text []byte) (*provider, error) {
	var s schema.Provider
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	p := &provider{resources: map[string]*tfprotov5.Schema{}, dataSources: map[string]*tfprotov5.Schema{}}
	var err error
	if p.block, err = served(s.Provider); err != nil {
		return nil, err
	}
	for name, resource := range s.Resources {
		if p.resources[name], err = served(resource); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, source := range s.DataSources {
		if p.dataSources[name], err = served(source); err != nil {
			return nil, fmt.Errorf("data %s: %w", name, err)
		}
	}
	return p, nil
}

func served(s schema.Schema) (*tfprotov5.Schema, error) {
	block, err := servedBlock(s.Block)
	return &tfprotov5.Schema{Block: block}, err
}

var nestings = map[string]tfprotov5.SchemaNestedBlockNestingMode{
	"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
	"list":   tfprotov5.SchemaNestedBlockNestingModeList,
	"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
}

func servedBlock(b schema.Block) (*tfprotov5.SchemaBlock, error) {
	block := &tfprotov5.SchemaBlock{}
	for name, a := range b.Attributes {
		typ, err := tftypes.ParseJSONType(a.Type) //nolint:staticcheck // Terraform's own form of it, which is what it is for
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		block.Attributes = append(block.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: typ, Required: a.Required, Optional: a.Optional, Computed: a.Computed, WriteOnly: a.WriteOnly,
		})
	}
	for name, n := range b.Blocks {
		inner, err := servedBlock(n.Block)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		block.BlockTypes = append(block.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Block: inner, Nesting: nestings[n.Nesting], MinItems: n.MinItems, MaxItems: n.MaxItems,
		})
	}
	return block, nil
}
