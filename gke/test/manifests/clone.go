package manifests

import (
	"os"
	"path/filepath"
)

// Clone writes the copy that Build builds to the folder to, for `kubectl apply -k`.
func Clone(dir, to string, components ...string) error {
	copied, err := prepare(dir, components)
	if err != nil {
		return err
	}
	return copied.Walk("/gke", func(name string, entry os.FileInfo, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := copied.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("/gke", name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	})
}
