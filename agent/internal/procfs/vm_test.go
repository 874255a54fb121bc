package procfs

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/pulso-lab/pulso/internal/run"
)

// What is missing or makes no sense is not known, and hides nothing else.
func TestVM(t *testing.T) {
	whole := run.VM{CPUs: 2, RAM: 24103, Kernel: "6.1.0-37-cloud-amd64", Processes: 192692}
	without := func(change func(*run.VM)) run.VM {
		vm := whole
		change(&vm)
		return vm
	}
	inNamespace := func(kernel string) func(string) error {
		return func(root string) error {
			if err := write("sys/kernel/osrelease", kernel+"\n")(root); err != nil {
				return err
			}
			return os.Symlink(strconv.Itoa(os.Getpid()+1), filepath.Join(root, "self"))
		}
	}
	for name, c := range map[string]struct {
		change func(root string) error
		want   run.VM
	}{
		"all there":             {func(string) error { return nil }, whole},
		"no stat":               {remove("stat"), without(func(vm *run.VM) { vm.CPUs = 0 })},
		"no meminfo":            {remove("meminfo"), without(func(vm *run.VM) { vm.RAM = 0 })},
		"no release":            {remove("sys/kernel/osrelease"), without(func(vm *run.VM) { vm.Kernel = "" })},
		"no pid_max":            {remove("sys/kernel/pid_max"), without(func(vm *run.VM) { vm.Processes = 0 })},
		"no threads-max":        {remove("sys/kernel/threads-max"), without(func(vm *run.VM) { vm.Processes = 0 })},
		"threads-max is no sum": {write("sys/kernel/threads-max", "-1\n"), without(func(vm *run.VM) { vm.Processes = 0 })},
		"few pids":              {write("sys/kernel/pid_max", "32768\n"), without(func(vm *run.VM) { vm.Processes = 32768 })},
		"in a PID namespace":    {inNamespace("6.12.48"), without(func(vm *run.VM) { vm.Kernel = "6.12.48" })},
		"whose pid_max is its own": {inNamespace("6.14.0-rc1"), without(func(vm *run.VM) {
			vm.Kernel, vm.Processes = "6.14.0-rc1", 0
		})},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			if err := os.CopyFS(root, os.DirFS("testdata/proc")); err != nil {
				t.Fatal(err)
			}
			source, err := New(root)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.change(root); err != nil {
				t.Fatal(err)
			}
			if got := source.VM(); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// This machine's own numbers.
func TestHostVM(t *testing.T) {
	source, err := New("/proc")
	if err != nil {
		t.Fatal(err)
	}
	vm := source.VM()
	ram := int64(read(t, "/proc").Memory.TotalKiB / 1024)
	if vm.CPUs < runtime.NumCPU() || vm.RAM != ram || vm.Kernel == "" || vm.Processes < read(t, "/proc").States.Total() {
		t.Errorf("%+v; this program may use %d CPUs, and samples have %d MiB", vm, runtime.NumCPU(), ram)
	}
}
