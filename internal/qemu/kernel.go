package qemu

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Series are Debian's kernel series that the modules are built for and tested on.
var Series = []string{"6.1", "6.12"}

// Modules are the names of Pulso's modules, in the order in which they can be loaded.
var Modules = []string{"pulso_cpu", "pulso_ram", "pulso_procs"}

// Kernel is one of Debian's kernels, unpacked.
type Kernel struct {
	folder string // has vmlinuz, modules/ and headers/
	cache  string
}

// Fetch unpacks the newest kernel of a series into the cache, unless it is there. root is the checkout.
func Fetch(ctx context.Context, root, series string) (*Kernel, error) {
	home, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("fetch a kernel: %w", err)
	}
	cache := filepath.Join(home, "pulso")
	folder, err := Output(ctx, filepath.Join(root, "scripts", "fetch-kernel"), series, cache)
	if err != nil {
		return nil, err
	}
	return &Kernel{folder: strings.TrimSpace(string(folder)), cache: cache}, nil
}

// Version is what uname -r says on the kernel.
func (k *Kernel) Version() string { return strings.TrimPrefix(filepath.Base(k.folder), "kernel-") }

// Headers is the folder that modules are built against.
func (k *Kernel) Headers() string { return filepath.Join(k.folder, "headers") }

// buildModules builds the modules of the checkout for the kernel, with every warning an error, and returns them as the
// files pulso_*.ko of a folder in the cache. They are built again when their sources have changed.
func (k *Kernel) buildModules(ctx context.Context, root string) (folder string, err error) {
	source := filepath.Join(root, "kernel")
	key, err := hashSources(source)
	if err != nil {
		return "", fmt.Errorf("build the modules: %w", err)
	}
	folder = filepath.Join(k.cache, "modules-"+k.Version()+"-"+key)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	work, err := os.MkdirTemp(k.cache, "building-")
	if err != nil {
		return "", fmt.Errorf("build the modules: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	tree := filepath.Join(work, "kernel")
	if err := os.CopyFS(tree, os.DirFS(source)); err != nil {
		return "", fmt.Errorf("build the modules: %w", err)
	}
	if _, err := Output(ctx, "make", "-C", tree, "check", "KDIR="+k.Headers()); err != nil {
		return "", err
	}
	built := filepath.Join(work, "built")
	if err := collect(tree, built); err != nil {
		return "", fmt.Errorf("build the modules: %w", err)
	}
	if err := os.Rename(built, folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("build the modules: %w", err)
	}
	return folder, nil
}

// collect moves the modules of a built tree into a new folder.
func collect(tree, folder string) error {
	if err := os.Mkdir(folder, 0o750); err != nil {
		return err
	}
	for _, module := range Modules {
		built := filepath.Join(tree, strings.TrimPrefix(module, "pulso_"), module+".ko")
		if err := os.Rename(built, filepath.Join(folder, module+".ko")); err != nil {
			return err
		}
	}
	return nil
}

// hashSources is a short name for what the module sources in a folder are.
func hashSources(folder string) (string, error) {
	hash := sha256.New()
	for _, pattern := range []string{"*.h", "Kbuild", "Makefile", "*/*.c", "*/Kbuild"} {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return "", err
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			_, _ = fmt.Fprintf(hash, "%s %d\n%s", filepath.Base(file), len(content), content) // a hash takes everything
		}
	}
	return fmt.Sprintf("%x", hash.Sum(nil)[:8]), nil
}

// Build makes a static program of the project's Go code: args are those of the go command, without -o.
func Build(ctx context.Context, root, program string, args ...string) error {
	program, err := filepath.Abs(program)
	if err != nil {
		return fmt.Errorf("build a program: %w", err)
	}
	_, err = Output(ctx, "env", append([]string{"-C", root, "CGO_ENABLED=0", "go", args[0], "-o", program}, args[1:]...)...)
	return err
}

// Output runs a program and returns what it prints; its error has what it complained of.
func Output(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // ours
	var complaint strings.Builder
	cmd.Stderr = &complaint
	printed, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(program), strings.Join(args, " "), err, printed, complaint.String())
	}
	return printed, nil
}
