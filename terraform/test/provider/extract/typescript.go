package main

import (
	"fmt"
	"regexp"
	"strings"
)

// class is one TypeScript class of the package: the top of a resource, or what stands for one of its blocks.
type class struct {
	base   string // cdktf's class above it: ComplexObject, ComplexList, TerraformResource, …
	tfType string // google_…, of those at the top
	single bool   // a block that is there once and no list of one
	fields []field
}

// field is an attribute or a block.
type field struct {
	name                         string
	computed, optional, required bool
	typ                          any    // of a plain attribute, as Terraform writes types
	class                        string // of anything nested
	set                          bool   // what is nested forms a set
}

// sources is what the TypeScript of one folder declares.
type sources struct {
	classes    map[string]*class
	interfaces map[string][]field
}

var (
	classLine     = regexp.MustCompile(`^export class (\w+) extends cdktf\.(\w+) \{$`)
	typeLine      = regexp.MustCompile(`^  public static readonly tfResourceType = "(\w+)";$`)
	fieldLine     = regexp.MustCompile(`^  // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)$`)
	plainLine     = regexp.MustCompile(`^  private _\w+\?: (.+?); ?$`)
	nestedLine    = regexp.MustCompile(`^  private _\w+ = new (\S+)\(this, "(\w+)"(, true|, false|)\);$`)
	getterLine    = regexp.MustCompile(`^    return (cdktf\.Fn\.tolist\()?this\.get(\w+)Attribute\('(\w+)'\)\)?;$`)
	interfaceLine = regexp.MustCompile(`^export interface (\w+) `)
	docLine       = regexp.MustCompile(`^  \* Docs at Terraform Registry: .* \w+#(\w+)\}$`)
	readonlyLine  = regexp.MustCompile(`^  readonly \w+(\??): (.+);$`)
)

const singleLine = "    super(terraformResource, terraformAttribute, false);" // a list of one has a fourth argument, its index

// getters tells the type of what cdktf's get…Attribute returns.
var getters = map[string]any{
	"Boolean":    "bool",
	"Number":     "number",
	"String":     "string",
	"List":       []any{"list", "string"},
	"NumberList": []any{"list", "number"},
	"StringMap":  []any{"map", "string"},
}

// declared tells the type of a TypeScript declaration; arguments of the provider block have no getter that would say more.
var declared = map[string]any{
	"boolean | cdktf.IResolvable": "bool",
	"number":                      "number",
	"string":                      "string",
	"string[]":                    []any{"list", "string"},
	"{ [key: string]: string }":   []any{"map", "string"},
}

// parse reads the generated TypeScript of one folder, all its files after each other. The generator writes one form for
// each thing, so lines are enough. Whatever looks like a field and is of no known form is an error.
func parse(text string) (sources, error) {
	p := parser{sources: sources{classes: map[string]*class{}, interfaces: map[string][]field{}}}
	for n, line := range strings.Split(text, "\n") {
		if err := p.line(line); err != nil {
			return sources{}, fmt.Errorf("line %d: %w: %q", n+1, err, line)
		}
	}
	return p.sources, p.end()
}

type parser struct {
	sources
	class     *class
	field     *field // told of by a comment, its type not yet
	iface     string
	ifaceName string // the name that Terraform uses, of the next property
}

func (p *parser) line(line string) error {
	switch {
	case strings.HasPrefix(line, "export class "), strings.HasPrefix(line, "export interface "):
		return p.declaration(line)
	case strings.HasPrefix(line, "  // ") && strings.Contains(line, " - computed: "):
		return p.comment(line)
	case p.iface != "":
		p.property(line)
		return nil
	case p.class == nil:
		return nil
	case line == singleLine:
		p.class.single = true
		return nil
	case typeLine.MatchString(line):
		p.class.tfType = typeLine.FindStringSubmatch(line)[1]
		return nil
	case nestedLine.MatchString(line):
		m := nestedLine.FindStringSubmatch(line)
		return p.nested(m[1], m[2], m[3] == ", true")
	case getterLine.MatchString(line):
		m := getterLine.FindStringSubmatch(line)
		return p.getter(m[1] != "", m[2], m[3])
	case plainLine.MatchString(line) && p.class.base == "TerraformProvider":
		return p.argument(plainLine.FindStringSubmatch(line)[1])
	case strings.HasPrefix(line, "    return this.get"), strings.HasPrefix(line, "    return cdktf."):
		return fmt.Errorf("a getter of an unknown form")
	case strings.HasPrefix(line, "  private ") && strings.Contains(line, " = new "):
		return fmt.Errorf("a nested value of an unknown form")
	}
	return nil
}

func (p *parser) declaration(line string) error {
	if err := p.end(); err != nil {
		return err
	}
	p.class, p.iface = nil, ""
	if m := interfaceLine.FindStringSubmatch(line); m != nil {
		p.iface = m[1]
		return nil
	}
	m := classLine.FindStringSubmatch(line)
	if m == nil {
		return fmt.Errorf("a declaration of an unknown form")
	}
	if p.classes[m[1]] != nil {
		return fmt.Errorf("%s is declared twice", m[1])
	}
	p.class = &class{base: m[2]}
	p.classes[m[1]] = p.class
	return nil
}

// end fails where a field was told of and its type never came.
func (p *parser) end() error {
	if p.field != nil {
		return fmt.Errorf("%s has no type", p.field.name)
	}
	return nil
}

func (p *parser) comment(line string) error {
	if err := p.end(); err != nil {
		return err
	}
	m := fieldLine.FindStringSubmatch(line)
	if m == nil || p.class == nil {
		return fmt.Errorf("a field of an unknown form")
	}
	p.field = &field{name: m[1], computed: m[2] == "true", optional: m[3] == "true", required: m[4] == "true"}
	return nil
}

// typed ends the field at hand, whose name stands in its getter once more.
func (p *parser) typed(name string, set func(*field)) error {
	if p.field == nil || p.field.name != name {
		return fmt.Errorf("%s was not told of", name)
	}
	set(p.field)
	p.class.fields = append(p.class.fields, *p.field)
	p.field = nil
	return nil
}

func (p *parser) nested(class, name string, isSet bool) error {
	return p.typed(name, func(f *field) {
		switch class {
		case "cdktf.StringMap":
			f.typ = []any{"map", "string"}
		case "cdktf.StringMapList":
			f.typ = []any{"list", []any{"map", "string"}}
		default:
			f.class, f.set = class, isSet
		}
	})
}

func (p *parser) getter(isSet bool, kind, name string) error {
	typ, ok := getters[kind]
	if !ok {
		return fmt.Errorf("a getter of an unknown type")
	}
	if list, ok := typ.([]any); ok && isSet {
		typ = []any{"set", list[1]}
	}
	return p.typed(name, func(f *field) { f.typ = typ })
}

func (p *parser) argument(typ string) error {
	if p.field == nil {
		return fmt.Errorf("an argument was not told of")
	}
	return p.typed(p.field.name, func(f *field) { f.declare(typ) })
}

func (p *parser) property(line string) {
	if m := docLine.FindStringSubmatch(line); m != nil {
		p.ifaceName = m[1]
	} else if m := readonlyLine.FindStringSubmatch(line); m != nil {
		f := field{name: p.ifaceName, optional: m[1] != "", required: m[1] == ""}
		f.declare(m[2])
		p.interfaces[p.iface] = append(p.interfaces[p.iface], f)
	}
}

// declare gives a field the type of its declaration; what is no plain type is the name of an interface.
func (f *field) declare(typ string) {
	if f.typ = declared[typ]; f.typ == nil {
		f.class = strings.TrimSuffix(typ, "[] | cdktf.IResolvable")
	}
}
