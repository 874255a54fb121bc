// Package schema is a provider's schema as `terraform providers schema -json` prints it, so far as the extractor can know
// it and the stub needs it: no descriptions, and nothing that says which values are sensitive.
package schema

import "encoding/json"

// Provider is everything that a configuration can name.
type Provider struct {
	Provider    Schema            `json:"provider"`
	Resources   map[string]Schema `json:"resource_schemas"`
	DataSources map[string]Schema `json:"data_source_schemas"`
}

// Schema is that of the provider block, of a resource type or of a data source.
type Schema struct {
	Block Block `json:"block"`
}

// Block holds attributes and nested blocks by their names.
type Block struct {
	Attributes map[string]Attribute `json:"attributes,omitempty"`
	Blocks     map[string]Nested    `json:"block_types,omitempty"`
}

// Attribute is one argument, or one value that the provider computes.
type Attribute struct {
	Type      json.RawMessage `json:"type"` // as Terraform writes types: "string", ["list","string"], ["object",{…}]
	Required  bool            `json:"required,omitempty"`
	Optional  bool            `json:"optional,omitempty"`
	Computed  bool            `json:"computed,omitempty"`
	WriteOnly bool            `json:"write_only,omitempty"`
}

// Nested is a block within a block.
type Nested struct {
	Nesting  string `json:"nesting_mode"` // single, list or set
	Block    Block  `json:"block"`
	MinItems int64  `json:"min_items,omitempty"`
	MaxItems int64  `json:"max_items,omitempty"`
}
