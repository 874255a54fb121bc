package terraform_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// graph has, for each resource, the resources that it refers to or depends on: what Terraform knows of their order. It is read
// from the files, as Terraform itself reads it, so that no provider is needed.
type graph map[string][]string

// behind are all resources that Terraform has made when it begins with this one.
func (g graph) behind(resource string) map[string]bool {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(of string) {
		for _, other := range g[of] {
			if !seen[other] {
				seen[other] = true
				visit(other)
			}
		}
	}
	visit(resource)
	return seen
}

func readGraph(files map[string]string) (graph, error) {
	names := map[string][]string{} // by resource, data source and local value: what its expressions name
	var resources []string
	for file, content := range files {
		body, err := parse(file, content)
		if err != nil {
			return nil, err
		}
		for _, block := range body.Blocks {
			switch block.Type {
			case "resource":
				resource := block.Labels[0] + "." + block.Labels[1]
				resources = append(resources, resource)
				names[resource] = named(block.Body)
			case "data":
				names["data."+block.Labels[0]+"."+block.Labels[1]] = named(block.Body)
			case "locals":
				for name, attribute := range block.Body.Attributes {
					names["local."+name] = expressionNames(attribute.Expr)
				}
			}
		}
	}
	g := graph{}
	for _, resource := range resources {
		g[resource] = slices.Sorted(maps.Keys(referred(resource, names, map[string]bool{resource: true})))
	}
	return g, nil
}

// referred are the resources that something names, by itself or by way of local values and data sources.
func referred(by string, names map[string][]string, seen map[string]bool) map[string]bool {
	resources := map[string]bool{}
	for _, name := range names[by] {
		if _, ok := names[name]; !ok || seen[name] {
			continue
		}
		seen[name] = true
		if isResource(name) {
			resources[name] = true
		} else {
			maps.Copy(resources, referred(name, names, seen))
		}
	}
	return resources
}

func parse(file, content string) (*hclsyntax.Body, error) {
	parsed, diagnostics := hclsyntax.ParseConfig([]byte(content), file, hcl.InitialPos)
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	body, ok := parsed.Body.(*hclsyntax.Body)
	if !ok {
		return nil, fmt.Errorf("%s: not in HCL's own syntax", file)
	}
	return body, nil
}

func named(body *hclsyntax.Body) []string {
	var names []string
	for _, attribute := range body.Attributes {
		names = append(names, expressionNames(attribute.Expr)...)
	}
	for _, block := range body.Blocks {
		names = append(names, named(block.Body)...)
	}
	return names
}

// expressionNames are what an expression names: type.name, data.type.name, local.name, and others that nothing here is called.
func expressionNames(expression hclsyntax.Expression) []string {
	var names []string
	for _, traversal := range expression.Variables() {
		name := traversal.RootName()
		parts := 1
		if name == "data" {
			parts = 2
		}
		for _, step := range traversal[1:] {
			attribute, ok := step.(hcl.TraverseAttr)
			if !ok || parts == 0 {
				break
			}
			name += "." + attribute.Name
			parts--
		}
		names = append(names, name)
	}
	return names
}

// accounts are the names of the service accounts that identities.tf lists.
func accounts(identities string) ([]string, error) {
	body, err := parse("identities.tf", identities)
	if err != nil {
		return nil, err
	}
	for _, block := range body.Blocks {
		attribute, ok := block.Body.Attributes["accounts"]
		if block.Type != "locals" || !ok {
			continue
		}
		value, diagnostics := attribute.Expr.Value(nil)
		if diagnostics.HasErrors() {
			return nil, diagnostics
		}
		var names []string
		for name := range value.AsValueMap() {
			names = append(names, "pulso-"+name)
		}
		slices.Sort(names)
		return names, nil
	}
	return nil, fmt.Errorf("identities.tf: no local value has the accounts")
}
