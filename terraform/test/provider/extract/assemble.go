package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulso-lab/pulso/terraform/test/provider/schema"
)

// schemaOf is the schema of the one class in a folder that stands for name, a type of Terraform's.
func (s sources) schemaOf(base, name string) (schema.Schema, error) {
	for _, c := range s.classes {
		if c.base == base && c.tfType == name {
			block, err := s.block(c.fields)
			return schema.Schema{Block: block}, err
		}
	}
	return schema.Schema{}, fmt.Errorf("no class extends %s for it", base)
}

func (s sources) block(fields []field) (schema.Block, error) {
	block := schema.Block{Attributes: map[string]schema.Attribute{}, Blocks: map[string]schema.Nested{}}
	for _, f := range fields {
		var err error
		if f.class != "" && !f.computed {
			block.Blocks[f.name], err = s.nestedBlock(f)
		} else {
			block.Attributes[f.name], err = s.attribute(f)
		}
		if err != nil {
			return schema.Block{}, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return block, nil
}

func (s sources) attribute(f field) (schema.Attribute, error) {
	typ, err := s.typeOf(f)
	if err != nil {
		return schema.Attribute{}, err
	}
	text, err := json.Marshal(typ)
	return schema.Attribute{
		Type: text, Required: f.required, Optional: f.optional, Computed: f.computed,
		WriteOnly: strings.HasSuffix(f.name, "_wo"), // the provider's rule for their names; the package does not say it
	}, err
}

// typeOf is the type of an attribute; one with a class is a computed list or set of objects, never a block.
func (s sources) typeOf(f field) (any, error) {
	if f.class == "" {
		return f.typ, nil
	}
	fields, many, err := s.element(f.class)
	if err != nil {
		return nil, err
	}
	if !many {
		return nil, fmt.Errorf("%s is computed and no list", f.class)
	}
	object := map[string]any{}
	for _, inner := range fields.fields {
		if object[inner.name], err = s.typeOf(inner); err != nil {
			return nil, fmt.Errorf("%s: %w", inner.name, err)
		}
	}
	return []any{nesting(f.set), []any{"object", object}}, nil
}

func (s sources) nestedBlock(f field) (schema.Nested, error) {
	element, many, err := s.element(f.class)
	if err != nil {
		return schema.Nested{}, err
	}
	nested := schema.Nested{Nesting: nesting(f.set)}
	if nested.Block, err = s.block(element.fields); err != nil {
		return schema.Nested{}, err
	}
	switch {
	case element.single && !many:
		nested.Nesting = "single"
	case !many:
		nested.MaxItems = 1
	}
	if f.required {
		nested.MinItems = 1
	}
	return nested, nil
}

// element is the class of one element of what name stands for, and whether there may be many. The provider block's own
// blocks are plain interfaces.
func (s sources) element(name string) (element *class, many bool, err error) {
	if fields, ok := s.interfaces[name]; ok && s.classes[name+"OutputReference"] == nil {
		return &class{fields: fields}, true, nil
	}
	name = name[strings.LastIndex(name, ".")+1:] // a file that imports the other names it first
	c := s.classes[name]
	if c != nil && c.base == "ComplexList" {
		many = true
		c = s.classes[strings.TrimSuffix(name, "List")+"OutputReference"]
	}
	if c == nil || c.base != "ComplexObject" {
		return nil, false, fmt.Errorf("class %s is of an unknown form", name)
	}
	return c, many, nil
}

func nesting(set bool) string {
	if set {
		return "set"
	}
	return "list"
}
