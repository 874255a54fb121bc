package main

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// validate refuses what Terraform leaves for a provider to refuse: a value for what only Google can say.
func validate(schema *tfprotov5.Schema, dynamic *tfprotov5.DynamicValue) ([]*tfprotov5.Diagnostic, error) {
	config, err := dynamic.Unmarshal(schema.ValueType())
	if err != nil {
		return nil, err
	}
	return validateBlock(schema.Block, config, tftypes.NewAttributePath())
}

func validateBlock(b *tfprotov5.SchemaBlock, config tftypes.Value, path *tftypes.AttributePath) (faults []*tfprotov5.Diagnostic, err error) {
	values, err := attributes(config)
	if values == nil || err != nil {
		return nil, err
	}
	for _, a := range b.Attributes {
		if a.Computed && !a.Optional && !values[a.Name].IsNull() {
			faults = append(faults, &tfprotov5.Diagnostic{
				Severity:  tfprotov5.DiagnosticSeverityError,
				Summary:   fmt.Sprintf("Can't configure a value for %q", a.Name),
				Detail:    "Its value is known only to Google: leave it out.",
				Attribute: path.WithAttributeName(a.Name),
			})
		}
	}
	for _, n := range b.BlockTypes {
		blocks, paths, err := elements(values[n.TypeName], path.WithAttributeName(n.TypeName))
		if err != nil {
			return nil, err
		}
		for i, block := range blocks {
			inner, err := validateBlock(n.Block, block, paths[i])
			if err != nil {
				return nil, err
			}
			faults = append(faults, inner...)
		}
	}
	return faults, nil
}

// elements are the blocks of one type, and where they are.
func elements(v tftypes.Value, path *tftypes.AttributePath) (blocks []tftypes.Value, paths []*tftypes.AttributePath, err error) {
	if v.IsNull() || !v.IsKnown() {
		return nil, nil, nil
	}
	if v.Type().Is(tftypes.Object{}) {
		return []tftypes.Value{v}, []*tftypes.AttributePath{path}, nil
	}
	if err := v.As(&blocks); err != nil {
		return nil, nil, err
	}
	for i, block := range blocks {
		if v.Type().Is(tftypes.Set{}) {
			paths = append(paths, path.WithElementKeyValue(block))
		} else {
			paths = append(paths, path.WithElementKeyInt(i))
		}
	}
	return blocks, paths, nil
}
