package main

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// plan is what a resource will be: what the configuration says, then what was, then the provider's defaults; the rest is
// known after apply.
func (p *provider) plan(b *tfprotov5.SchemaBlock, config, prior tftypes.Value) (tftypes.Value, error) {
	v, err := planBlock(b, config, prior)
	if err != nil {
		return v, err
	}
	values, err := attributes(v)
	if err != nil {
		return v, err
	}
	for name, value := range p.defaults {
		if old, ok := values[name]; ok && !old.IsKnown() && old.Type().Is(tftypes.String) {
			given, err := attributes(config)
			if err != nil {
				return v, err
			}
			if given[name].IsNull() {
				values[name] = tftypes.NewValue(tftypes.String, value)
			}
		}
	}
	return tftypes.NewValue(v.Type(), values), nil
}

func planBlock(b *tfprotov5.SchemaBlock, config, prior tftypes.Value) (tftypes.Value, error) {
	if config.IsNull() || !config.IsKnown() {
		return config, nil
	}
	values, err := attributes(config)
	if err != nil {
		return config, err
	}
	before, err := attributes(prior)
	if err != nil {
		return config, err
	}
	for _, a := range b.Attributes {
		switch {
		case a.WriteOnly:
			values[a.Name] = tftypes.NewValue(a.Type, nil)
		case !values[a.Name].IsNull() || !a.Computed:
		case before != nil:
			values[a.Name] = before[a.Name]
		default:
			values[a.Name] = tftypes.NewValue(a.Type, tftypes.UnknownValue)
		}
	}
	for _, n := range b.BlockTypes {
		if values[n.TypeName], err = planNested(n, values[n.TypeName], before[n.TypeName]); err != nil {
			return config, err
		}
	}
	return tftypes.NewValue(config.Type(), values), nil
}

func planNested(n *tfprotov5.SchemaNestedBlock, config, prior tftypes.Value) (tftypes.Value, error) {
	if n.Nesting == tfprotov5.SchemaNestedBlockNestingModeSingle {
		return planBlock(n.Block, config, prior)
	}
	if config.IsNull() || !config.IsKnown() {
		return config, nil
	}
	var given, before []tftypes.Value
	if err := config.As(&given); err != nil {
		return config, err
	}
	if !prior.IsNull() && prior.IsKnown() {
		if err := prior.As(&before); err != nil {
			return config, err
		}
	}
	for i, element := range given {
		var old tftypes.Value
		for j, candidate := range before {
			same := i == j
			if n.Nesting == tfprotov5.SchemaNestedBlockNestingModeSet {
				again, err := planBlock(n.Block, element, candidate)
				if err != nil {
					return config, err
				}
				same = again.Equal(candidate) // an element of a set has no place: it is the one that it would not change
			}
			if same {
				old = candidate
				break
			}
		}
		var err error
		if given[i], err = planBlock(n.Block, element, old); err != nil {
			return config, err
		}
	}
	return tftypes.NewValue(config.Type(), given), nil
}

// attributes are an object's values by name: nil where there is no object.
func attributes(v tftypes.Value) (map[string]tftypes.Value, error) {
	if v.Type() == nil || v.IsNull() || !v.IsKnown() {
		return nil, nil
	}
	var values map[string]tftypes.Value
	return values, v.As(&values)
}
