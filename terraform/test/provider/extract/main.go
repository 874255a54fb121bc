// Command extract writes the schema of Google's Terraform provider, as far as a configuration uses it, without the
// provider, which comes from nowhere but HashiCorp's and GitHub's own servers. The npm package @cdktf/provider-google is
// generated from that schema and says all of it but which values are sensitive, how many of a block there may be where
// that is more than one, and what the provider checks in code. It carries its TypeScript in source maps; in that, every
// field has a comment that tells computed, optional and required apart.
//
//	extract TARBALL DIR <WANTED
//
// reads `resource google_…` and `data google_…`, one a line, and writes schema.json and the package's licence.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulso-lab/pulso/terraform/test/provider/schema"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: extract TARBALL DIR <WANTED")
		os.Exit(2)
	}
	if err := run(os.Stdin, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "extract:", err)
		os.Exit(1)
	}
}

func run(wanted io.Reader, tarball, dir string) error {
	types, err := readWanted(wanted)
	if err != nil {
		return err
	}
	texts, err := read(tarball, types)
	if err != nil {
		return fmt.Errorf("%s: %w", tarball, err)
	}
	provider, err := extract(texts, types)
	if err != nil {
		return err
	}
	out, err := json.Marshal(provider)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"schema.json": out, "LICENSE": []byte(texts[licence])} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil { //nolint:gosec // public text
			return err
		}
	}
	return nil
}

// wantedType is a type that a configuration names.
type wantedType struct {
	data bool
	name string
}

// folder is where the package keeps the type.
func (w wantedType) folder() string {
	name := strings.ReplaceAll(strings.TrimPrefix(w.name, "google_"), "_", "-")
	if w.data {
		return "data-google-" + name
	}
	return name
}

func readWanted(r io.Reader) (types []wantedType, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		kind, name, _ := strings.Cut(lines.Text(), " ")
		if kind != "resource" && kind != "data" || !strings.HasPrefix(name, "google_") {
			return nil, fmt.Errorf("%q is neither `resource google_…` nor `data google_…`", lines.Text())
		}
		types = append(types, wantedType{data: kind == "data", name: name})
	}
	return types, lines.Err()
}

const (
	licence        = "LICENSE" // the name that read gives it among the folders
	providerFolder = "provider"
)

// read returns the TypeScript of the wanted folders, and the licence. The package unpacks to a gigabyte, so it is read as
// a stream.
func read(tarball string, types []wantedType) (map[string]string, error) {
	folders := map[string]bool{providerFolder: true}
	for _, t := range types {
		folders[t.folder()] = true
	}
	f, err := os.Open(tarball) //nolint:gosec // the path is the caller's
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return texts, nil
		}
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(header.Name, "package/")
		folder, _, _ := strings.Cut(strings.TrimPrefix(name, "lib/"), "/")
		if name != licence && (!strings.HasPrefix(name, "lib/") || !folders[folder] || filepath.Ext(name) != ".js") {
			continue
		}
		text, err := io.ReadAll(files)
		if err == nil && name != licence {
			text, err = typescript(text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		texts[folder] += string(text) + "\n"
	}
}

// typescript takes what a JavaScript file was compiled from out of its source map.
func typescript(js []byte) ([]byte, error) {
	_, encoded, ok := bytes.Cut(js, []byte("//# sourceMappingURL=data:application/json;base64,"))
	if !ok {
		return nil, errors.New("no source map")
	}
	text, err := base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(encoded))
	if err != nil {
		return nil, err
	}
	var sourceMap struct {
		SourcesContent []string `json:"sourcesContent"`
	}
	if err := json.Unmarshal(text, &sourceMap); err != nil {
		return nil, err
	}
	if len(sourceMap.SourcesContent) != 1 {
		return nil, fmt.Errorf("%d sources in its map, not one", len(sourceMap.SourcesContent))
	}
	return []byte(sourceMap.SourcesContent[0]), nil
}

// extract makes the schema from the TypeScript of each folder.
func extract(texts map[string]string, types []wantedType) (schema.Provider, error) {
	provider := schema.Provider{Resources: map[string]schema.Schema{}, DataSources: map[string]schema.Schema{}}
	one := func(folder, base, name string) (schema.Schema, error) {
		text, ok := texts[folder]
		if !ok {
			return schema.Schema{}, fmt.Errorf("%s: the package has no folder lib/%s: does this version of the provider have it?", name, folder)
		}
		s, err := parse(text)
		if err != nil {
			return schema.Schema{}, fmt.Errorf("lib/%s: %w", folder, err)
		}
		found, err := s.schemaOf(base, name)
		if err != nil {
			return schema.Schema{}, fmt.Errorf("lib/%s: %s: %w", folder, name, err)
		}
		return found, nil
	}
	var err error
	if provider.Provider, err = one(providerFolder, "TerraformProvider", "google"); err != nil {
		return schema.Provider{}, err
	}
	delete(provider.Provider.Block.Attributes, "alias") // Terraform's own, which it refuses in a provider's schema
	for _, t := range types {
		into, base := provider.Resources, "TerraformResource"
		if t.data {
			into, base = provider.DataSources, "TerraformDataSource"
		}
		if into[t.name], err = one(t.folder(), base, t.name); err != nil {
			return schema.Provider{}, err
		}
	}
	return provider, nil
}
