// Package manifests builds what is in gke/ as `kubectl apply -k` does, with the same version of Kustomize, and holds it
// against what GKE, Pod Security and the services ask for. None of it needs a cluster; gke/test applies the same to a real
// API server.
package manifests

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Project is the project that Build puts for the placeholder.
const Project = "pulso-test"

// noComponents is the line of kustomization.yaml where people choose.
const noComponents = "components: []"

// Build is the YAML of a copy of dir, the folder gke/, that is set up as README.md says: with a project, and with these
// of its components, such as "http" or "single-route/api1", in this order.
func Build(dir string, components ...string) ([]byte, error) {
	copied, err := prepare(dir, components)
	if err != nil {
		return nil, err
	}
	return build(copied, "/gke")
}

// prepare makes the copy. It refuses a folder that somebody has set up already: what is tested is gke/ as the repository
// has it.
func prepare(dir string, components []string) (filesys.FileSystem, error) {
	values, err := os.ReadFile(filepath.Join(dir, "project.env"))
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(values, []byte("PROJECT_ID")) || !bytes.Contains(values, []byte("\nTAG=latest\n")) {
		return nil, fmt.Errorf("%s/project.env names a project or a tag already: the tests are of gke/ as the repository has it", dir)
	}
	copied, err := load(dir)
	if err != nil {
		return nil, err
	}
	return copied, choose(copied, components)
}

// build is the YAML of a folder.
func build(files filesys.FileSystem, dir string) ([]byte, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, dir)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", dir, err)
	}
	return built.AsYaml()
}

// load copies what Kustomize needs of dir into memory, under /gke, and names the project.
func load(dir string) (filesys.FileSystem, error) {
	source, copied := os.DirFS(dir), filesys.MakeFsInMemory()
	for _, part := range []string{"kustomization.yaml", "project.env", "base", "components"} {
		err := fs.WalkDir(source, part, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(source, name)
			if err != nil {
				return err
			}
			if name == "project.env" {
				content = bytes.ReplaceAll(content, []byte("PROJECT_ID"), []byte(Project))
			}
			return copied.WriteFile(path.Join("/gke", name), content)
		})
		if err != nil {
			return nil, fmt.Errorf("copy %s: %w", dir, err)
		}
	}
	return copied, nil
}

// choose names the components in kustomization.yaml.
func choose(files filesys.FileSystem, components []string) error {
	const file = "/gke/kustomization.yaml"
	content, err := files.ReadFile(file)
	if err != nil {
		return err
	}
	if !bytes.Contains(content, []byte(noComponents)) {
		return fmt.Errorf("%s has no line %q: the tests choose by themselves, in gke/ as the repository has it", file, noComponents)
	}
	folders := slices.Clone(components)
	for i := range folders {
		folders[i] = "components/" + folders[i]
	}
	chosen := "components: [" + strings.Join(folders, ", ") + "]"
	return files.WriteFile(file, bytes.Replace(content, []byte(noComponents), []byte(chosen), 1))
}
