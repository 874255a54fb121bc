package procfs

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pulso-lab/pulso/internal/run"
)

// VM is what this procfs says of its machine as a whole; what cannot be read is 0 or empty. CPUs and RAM that come later
// are in the samples only.
func (s *Source) VM() run.VM {
	vm := run.VM{Kernel: s.setting("osrelease")}
	if stat, err := s.fs.Stat(); err == nil {
		vm.CPUs = len(stat.CPU)
	}
	if info, err := s.fs.Meminfo(); err == nil && info.MemTotal != nil {
		vm.RAM = int64(*info.MemTotal / 1024) //nolint:gosec // a 64-bit number divided by 1024
	}
	if !s.hidesPIDMax(vm.Kernel) {
		vm.Processes = min(s.number("pid_max"), s.number("threads-max")) // one without the other says too much
	}
	return vm
}

// hidesPIDMax says that pid_max is that of this program's own PID namespace, as it is from Linux 6.14 on whatever procfs
// is asked, and that the namespace is not the procfs's.
func (s *Source) hidesPIDMax(kernel string) bool {
	var major, minor int
	if n, _ := fmt.Sscanf(kernel, "%d.%d", &major, &minor); n < 2 || major < 6 || major == 6 && minor < 14 {
		return false
	}
	self, err := os.Readlink(filepath.Join(s.root, "self"))
	return err == nil && self != strconv.Itoa(os.Getpid())
}

// number is a setting of the kernel, or 0.
func (s *Source) number(name string) int64 {
	n, err := strconv.ParseInt(s.setting(name), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// setting is a setting of the kernel, or empty.
func (s *Source) setting(name string) string {
	content, err := os.ReadFile(filepath.Join(s.root, "sys/kernel", name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}
