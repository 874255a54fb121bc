//go:build vm

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/internal/qemu"
)

const root = "../../.." // the checkout

// rootfs is the folder with the VM's disk and kernels, made where it is not in the cache.
func rootfs(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(command(t, "./rootfs", filepath.Join(cache, "pulso")))
}

// makeDisk makes the VM's second disk, with all that comes from outside: the script, its metadata, the images, and the
// program that serves them.
func makeDisk(t *testing.T, disk string) {
	t.Helper()
	folder := t.TempDir()
	command(t, "cp", "../startup.sh", folder)
	goBuild(t, folder, "./agent/deploy/test/guest")
	buildImages(t, filepath.Join(folder, "images"))
	write(t, filepath.Join(folder, "metadata/name"), "pulso-vm")
	write(t, filepath.Join(folder, "metadata/machine-type"), "projects/123456789012/machineTypes/e2-standard-2")
	attributes := filepath.Join(folder, "metadata/attributes")
	write(t, filepath.Join(attributes, "pulso-agent-image"), image("agent"))
	write(t, filepath.Join(attributes, "pulso-workload-image"), image("workload"))
	write(t, filepath.Join(attributes, "pulso-env"), "PULSO_INTERVAL=500ms\nPULSO_WORK_CPU=2ms")
	command(t, "truncate", "--size", "512M", disk)
	command(t, "mkfs.ext4", "-q", "-O", "^has_journal", "-d", folder, disk)
}

// image is the name under which the VM finds an image that buildImages built.
func image(tag string) string { return "europe-west1-docker.pkg.dev/project/pulso/images:" + tag }

// buildImages builds the images, from the project's Dockerfile, into an OCI layout: agent, workload, and agent-2, which
// has modules of another version.
func buildImages(t *testing.T, layout string) {
	t.Helper()
	build := t.TempDir()
	for _, file := range []string{"Dockerfile", ".dockerignore", "kernel"} {
		command(t, "cp", "-R", filepath.Join(root, file), build)
	}
	goBuild(t, filepath.Join(build, "bin"), "./agent", "./agent/workload")
	storage := t.TempDir()
	buildah := func(args ...string) {
		command(t, "buildah", append([]string{"--storage-driver", "vfs", "--root", storage + "/root", "--runroot", storage + "/run"}, args...)...)
	}
	bud := func(tag string, args ...string) {
		buildah(append(append([]string{"bud", "--isolation", "chroot", "--build-arg", "BASE=scratch", "--tag", tag}, args...), build)...)
		buildah("push", tag, fmt.Sprintf("oci:%s:%s", layout, tag))
	}
	bud("agent", "--target", "agent")
	bud("workload", "--target", "service", "--build-arg", "SERVICE=workload")
	command(t, "sed", "-i", `$aMODULE_VERSION("2");`, filepath.Join(build, "kernel/cpu/pulso_cpu.c"))
	bud("agent-2", "--target", "agent")
}

// goBuild makes static programs of the project's packages.
func goBuild(t *testing.T, folder string, packages ...string) {
	t.Helper()
	for _, name := range packages {
		if err := qemu.Build(t.Context(), root, filepath.Join(folder, filepath.Base(name)), "build", "-trimpath", name); err != nil {
			t.Fatal(err)
		}
	}
}

// command runs a program of the host and returns what it prints.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	printed, err := qemu.Output(t.Context(), name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
