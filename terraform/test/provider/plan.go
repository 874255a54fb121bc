package main

import (
	"errors"
	"maps"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// plan is what a resource will be: what the configuration says, then what was, then what the provider knows before it
// asks Google; the rest is known after apply.
func (p *provider) plan(typeName string, b *tfprotov5.SchemaBlock, config, prior tftypes.Value) (tftypes.Value, error) {
	v, err := planBlock(b, config, prior)
	if err != nil {
		return v, err
	}
	given, err1 := attributes(config)
	values, err2 := attributes(v)
	if err := errors.Join(err1, err2); err != nil {
		return v, err
	}
	g := google{typeName: typeName, attributes: values, defaults: p.defaults}
	for _, name := range []string{"project", "region", "zone", "email", "member"} { // the later need the first
		if old, ok := values[name]; ok && !old.IsKnown() && given[name].IsNull() {
			if s, ok := g.foreseen(name); ok {
				values[name] = tftypes.NewValue(tftypes.String, s)
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
	planned := make([]tftypes.Value, len(given))
	for i, element := range given {
		old, err := former(n, i, element, before)
		if err != nil {
			return config, err
		}
		if planned[i], err = planBlock(n.Block, element, old); err != nil {
			return config, err
		}
	}
	return tftypes.NewValue(config.Type(), planned), nil
}

// former is what an element was: in a list the one in its place, in a set the one that it would not change.
func former(n *tfprotov5.SchemaNestedBlock, i int, element tftypes.Value, before []tftypes.Value) (none tftypes.Value, err error) {
	if n.Nesting == tfprotov5.SchemaNestedBlockNestingModeList {
		if i < len(before) {
			return before[i], nil
		}
		return none, nil
	}
	for _, old := range before {
		again, err := planBlock(n.Block, element, old)
		if err != nil {
			return none, err
		}
		if again.Equal(old) {
			return old, nil
		}
	}
	return none, nil
}

// attributes are an object's values by name, nil where there is no object. They are a copy: the map that As gives is the
// value's own.
func attributes(v tftypes.Value) (map[string]tftypes.Value, error) {
	if v.Type() == nil || v.IsNull() || !v.IsKnown() {
		return nil, nil
	}
	var values map[string]tftypes.Value
	err := v.As(&values)
	return maps.Clone(values), err
}
