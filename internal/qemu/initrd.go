package qemu

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
)

//go:embed guest/init.sh
var initScript []byte

//go:embed guest/guest.c
var guestSource string

// drivers are the modules that a guest's network card needs, in the order in which they can be loaded; a kernel that has
// one of them built in has no file of it.
var drivers = []string{
	"virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "failover", "net_failover", "virtio_net",
}

// pack writes an initrd to file, as New describes it.
func (k *Kernel) pack(ctx context.Context, file string, files map[string]string) (err error) {
	work, err := os.MkdirTemp("", "pulso-initrd-")
	if err != nil {
		return fmt.Errorf("pack an initrd: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	all := maps.Clone(files)
	all["bin/busybox"] = "/bin/busybox"
	all["bin/guest"] = filepath.Join(work, "guest")
	if err := compile(ctx, guestSource, all["bin/guest"]); err != nil {
		return err
	}
	archive, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("pack an initrd: %w", err)
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	c := cpio{w: archive, folders: map[string]bool{}}
	c.add("init", 0o755, initScript)
	if err := k.addDrivers(ctx, &c); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		content, err := os.ReadFile(all[name])
		if err != nil {
			return fmt.Errorf("pack an initrd: %w", err)
		}
		c.add(name, 0o755, content)
	}
	c.end()
	return c.err
}

// addDrivers adds the modules of the network card, named in the order of their loading. busybox's insmod does not
// decompress.
func (k *Kernel) addDrivers(ctx context.Context, c *cpio) error {
	for i, driver := range drivers {
		found, err := filepath.Glob(filepath.Join(k.folder, "modules", "kernel", "*", "*", driver+".ko*"))
		if err != nil {
			return fmt.Errorf("pack an initrd: %w", err)
		}
		for _, file := range found {
			content, err := os.ReadFile(file)
			if path.Ext(file) == ".xz" {
				content, err = Output(ctx, "xz", "--decompress", "--stdout", file)
			}
			if err != nil {
				return fmt.Errorf("pack an initrd: %w", err)
			}
			c.add(fmt.Sprintf("drivers/%d.ko", i), 0o644, content)
		}
	}
	return nil
}

// compile makes a static program of C source.
func compile(ctx context.Context, source, program string) error {
	if err := os.WriteFile(program+".c", []byte(source), 0o600); err != nil {
		return fmt.Errorf("pack an initrd: %w", err)
	}
	_, err := Output(ctx, "gcc", "-static", "-pthread", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, program+".c")
	return err
}

// cpio writes the format that the kernel takes as an initrd (newc; the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst). Its first error stays.
type cpio struct {
	w       io.Writer
	folders map[string]bool
	inode   int
	err     error
}

// File types of an entry's mode.
const (
	typeFolder  = 0o040000
	typeRegular = 0o100000
)

// add writes a file, after the folders that it lies in.
func (c *cpio) add(name string, mode int, content []byte) {
	c.addFolder(path.Dir(name))
	c.entry(name, typeRegular|mode, content)
}

func (c *cpio) addFolder(name string) {
	if name == "." || c.folders[name] {
		return
	}
	c.addFolder(path.Dir(name))
	c.folders[name] = true
	c.entry(name, typeFolder|0o755, nil)
}

func (c *cpio) end() { c.entry("TRAILER!!!", 0, nil) }

func (c *cpio) entry(name string, mode int, content []byte) {
	c.inode++
	var b bytes.Buffer
	fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		c.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0)
	b.WriteString(name + "\x00")
	b.Write(make([]byte, -b.Len()&3))
	b.Write(content)
	b.Write(make([]byte, -b.Len()&3))
	if c.err == nil {
		_, c.err = c.w.Write(b.Bytes())
	}
}
