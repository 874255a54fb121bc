package images

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// image is one that was pushed, unpacked.
type image struct {
	config imageConfig
	files  []string // as ls shows them, sorted
	root   string
}

// imageConfig is an image's configuration, in the words of the Open Container Initiative.
type imageConfig struct {
	Created string
	Config  map[string]any
	History []struct{ Created string }
}

// environment is that of the image.
func (c imageConfig) environment() (list []string) {
	values, _ := c.Config["Env"].([]any) // without one it has none
	for _, value := range values {
		if text, ok := value.(string); ok {
			list = append(list, text)
		}
	}
	return list
}

// read pushes an image into a folder, and unpacks it from there.
func (c *checkout) read(t *testing.T, name string) image {
	t.Helper()
	folder := t.TempDir()
	c.buildah(t, "push", "--quiet", "--disable-compression", name, "dir:"+folder)
	var manifest struct {
		Config struct{ Digest string }
		Layers []struct{ Digest string }
	}
	blob := func(digest string) string { return filepath.Join(folder, strings.TrimPrefix(digest, "sha256:")) }
	decode(t, filepath.Join(folder, "manifest.json"), &manifest)
	i := image{root: t.TempDir()}
	decode(t, blob(manifest.Config.Digest), &i.config)
	for _, layer := range manifest.Layers {
		i.unpack(t, blob(layer.Digest))
	}
	slices.Sort(i.files)
	return i
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// unpack adds a layer's files.
func (i *image) unpack(t *testing.T, layer string) {
	t.Helper()
	content, err := os.ReadFile(layer)
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(bytes.NewReader(content)); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		mode := header.FileInfo().Mode()
		name := strings.TrimSuffix(header.Name, "/")
		i.files = append(i.files, mode.String()+" "+name)
		if header.Uid != 0 || header.Gid != 0 || header.ModTime.Unix() != 0 {
			t.Errorf("%s is of %d:%d and of %s", name, header.Uid, header.Gid, header.ModTime)
		}
		path := filepath.Join(i.root, name)
		switch header.Typeflag {
		case tar.TypeDir:
			err = os.Mkdir(path, 0o700)
		case tar.TypeReg:
			err = write(path, archive)
		default:
			t.Errorf("%s is neither a file nor a folder", name)
		}
		if err := errors.Join(err, os.Chmod(path, mode.Perm())); err != nil {
			t.Fatal(err)
		}
	}
}

func write(path string, content io.Reader) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
