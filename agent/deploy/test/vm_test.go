//go:build vm

// Package test runs the VM's start-up script on a Debian 12 in QEMU, as Compute Engine would: `make test-vm`. Only what
// the VM finds outside itself is stood in for: the mirror by a folder of its disk, the metadata server and the registry
// by test/guest.
package test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pulso-lab/pulso/internal/sample"
)

// One VM's life: each step begins where the one before ended.
func TestVM(t *testing.T) {
	vm := newMachine(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *machine)
	}{
		{"a kernel without headers", oldKernel},
		{"first boot", firstBoot},
		{"wrong settings", wrongSettings},
		{"new modules", newModules},
		{"a kernel update", kernelUpdate},
		{"refused modules", refusedModules},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, vm) }) {
			t.FailNow()
		}
	}
}

// The VM's image is so old that Debian no longer has its kernel's headers.
func oldKernel(t *testing.T, vm *machine) {
	vm.boot(t, "6.12")
	vm.start(t, "/srv/pulso/startup.sh")
	vm.awaitOff(t)
	if !strings.Contains(vm.console(), "rebooting into the newest kernel") {
		t.Error("it ended for another reason")
	}
}

func firstBoot(t *testing.T, vm *machine) {
	vm.boot(t, "6.1")
	output := vm.startup(t)
	if !strings.HasSuffix(output, "\npulso: the agent is ready, fuente: kernel\n") {
		t.Errorf("it ends otherwise: %s", output)
	}
	if strings.Contains(output, "pulso: WARNING") {
		t.Errorf("it warns: %s", output)
	}
	if strings.Contains(output+vm.console(), "ya29.") {
		t.Error("the registry's token is in the log")
	}
	awaitFuente(t, vm, sample.FuenteKernel)
	isVM(t, vm, "e2-standard-2")
	// The agent sees what is not in its container.
	list := vm.get(t, agentPort, "/procesos?limite=1000")
	for _, name := range []string{"systemd", "kthreadd", "dockerd", "guest"} {
		if !strings.Contains(list, `"nombre":"`+name+`"`) {
			t.Errorf("/procesos has no %s: %s", name, list)
		}
	}
	vm.get(t, workloadPort, "/trabajo")
	for _, name := range []string{"pulso-agent", "pulso-workload"} {
		confined(t, vm, name)
	}
}

// awaitFuente waits until a client on the host gets samples of the VM from a source.
func awaitFuente(t *testing.T, vm *machine, fuente string) {
	t.Helper()
	vm.await(t, agentPort, "/metrics", func(body string) bool {
		samples, err := sample.Decode([]byte(body))
		return err == nil && samples[0].Fuente == fuente && samples[0].Host == "pulso-vm" && samples[0].TotalProcesos > 50
	})
}

// isVM checks what the agent says of the VM against what the VM says itself.
func isVM(t *testing.T, vm *machine, machineType string) {
	t.Helper()
	want := strings.Fields(vm.run(t, `
		nproc --all
		awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo
		uname -r
		sort -n /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max | head -n 1`))
	said := fmt.Sprintf(`{"host":"pulso-vm","cpus":%s,"ram_mib":%s,"machine":%q,"kernel":%q,"processes":%s}`,
		want[0], want[1], machineType, want[2], want[3])
	if got := vm.get(t, agentPort, "/vm"); got != said {
		t.Errorf("the agent says %s, the VM is %s", got, said)
	}
}

// state is what the script is there to bring about.
func state(t *testing.T, vm *machine) string {
	t.Helper()
	return vm.run(t, `
		docker ps --no-trunc --format '{{.ID}} {{.Names}}'
		docker images --all --no-trunc --quiet
		dkms status 2>/dev/null
		lsmod | grep pulso
		find /etc/pulso /etc/modules-load.d /etc/systemd/system/pulso* /usr/src/pulso* /lib/modules/*/updates -type f -exec sha256sum {} +`)
}

// confined checks that a container has no right that it does not need.
func confined(t *testing.T, vm *machine, name string) {
	t.Helper()
	var containers []struct {
		HostConfig struct {
			ReadonlyRootfs, Privileged bool
			CapAdd, CapDrop            []string
			SecurityOpt                []string
			Memory, PidsLimit          int64
			NetworkMode                string
		}
		Config          struct{ User string }
		AppArmorProfile string
	}
	if err := json.Unmarshal([]byte(vm.run(t, "docker inspect "+name)), &containers); err != nil {
		t.Fatal(err)
	}
	c := containers[0]
	h := c.HostConfig
	if !h.ReadonlyRootfs || h.Privileged || len(h.CapAdd) > 0 || strings.Join(h.CapDrop, " ") != "ALL" ||
		strings.Join(h.SecurityOpt, " ") != "no-new-privileges" || h.Memory == 0 || h.PidsLimit == 0 ||
		h.NetworkMode != "default" || c.Config.User != "65532:65532" || c.AppArmorProfile != "docker-default" {
		t.Errorf("%s: %+v", name, c)
	}
	const want = "Uid:\t65532\t65532\t65532\t65532\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n" +
		"CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n"
	got := vm.run(t, "grep -E '^(Uid|Cap...|NoNewPrivs|Seccomp):' /proc/$(docker inspect -f '{{.State.Pid}}' "+name+")/status")
	if got != want {
		t.Errorf("%s runs with\n%s", name, got)
	}
}

// All faults are named together, and what runs goes on.
func wrongSettings(t *testing.T, vm *machine) {
	before := state(t, vm)
	vm.run(t, `
		cd /srv/pulso/metadata/attributes
		mkdir /srv/pulso/kept
		cp * /srv/pulso/kept
		printf 'PULSO_INTERVAL=1s\nPULSO_PROCFS=/proc\nPATH=/tmp\nPULSO_X=a\tb' >pulso-env
		printf 'Agent Image' >pulso-agent-image`)
	output, ok := vm.try(t, "/srv/pulso/startup.sh")
	if ok {
		t.Error("it takes them")
	}
	for _, fault := range []string{"pulso-agent-image is 'Agent Image'", "'PULSO_PROCFS=/proc'", "'PATH=/tmp'", "'PULSO_X=a\tb'", "cure:"} {
		if !strings.Contains(output, fault) {
			t.Errorf("it does not name %s:\n%s", fault, output)
		}
	}
	if strings.Contains(output, "PULSO_INTERVAL") || strings.Contains(output, "workload-image") {
		t.Errorf("it names what is right:\n%s", output)
	}
	if after := state(t, vm); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	vm.run(t, `
		cd /srv/pulso/metadata/attributes
		mv /srv/pulso/kept/* .`)
}

// An agent's image with other modules brings them along. That the metadata server no longer says the machine type stops
// nothing.
func newModules(t *testing.T, vm *machine) {
	vm.run(t, `
		printf `+image("agent-2")+` >/srv/pulso/metadata/attributes/pulso-agent-image
		rm /srv/pulso/metadata/machine-type`)
	if output := vm.startup(t); !strings.Contains(output, "says no machine type") {
		t.Errorf("it does not say what it could not find out:\n%s", output)
	}
	isVM(t, vm, "")
	if versions := vm.run(t, "dkms status"); strings.Count(versions, "installed") != 1 || strings.Count(versions, "\n") != 1 {
		t.Errorf("DKMS has\n%s", versions)
	}
	awaitFuente(t, vm, sample.FuenteKernel)
	if loaded := vm.run(t, "cat /sys/module/pulso_cpu/version"); loaded != "2\n" {
		t.Errorf("the module that is loaded is %s", loaded)
	}
}

// An update brings a kernel and its headers. DKMS builds for it, and after the reboot all comes back by itself.
func kernelUpdate(t *testing.T, vm *machine) {
	vm.run(t, `
		echo 'deb [trusted=yes] file:/srv/update ./' >>/etc/apt/sources.list
		apt-get --quiet=2 update
		DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 --yes install linux-headers-6.12-cloud-amd64
		ls /lib/modules/6.12*/updates/dkms/pulso_{cpu,ram,procs}.ko*`)
	vm.start(t, "systemctl reboot")
	vm.awaitOff(t)
	vm.boot(t, "6.12")
	awaitFuente(t, vm, sample.FuenteKernel)
	vm.await(t, workloadPort, "/ready", func(string) bool { return true })
	if kernel := vm.run(t, "uname -r"); !strings.HasPrefix(kernel, "6.12") {
		t.Errorf("the kernel is %s", kernel)
	}
	unchanged(t, vm)
}

// unchanged checks that the script leaves what is as it should be.
func unchanged(t *testing.T, vm *machine) {
	t.Helper()
	before := state(t, vm)
	output := vm.startup(t)
	if after := state(t, vm); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	for _, word := range []string{"installing", "building", "removing", "starting"} {
		if strings.Contains(output, "pulso: "+word) {
			t.Errorf("it is %s something", word)
		}
	}
}

// A kernel that takes no module without a key that it knows, as with Secure Boot, leaves the agent to procfs.
func refusedModules(t *testing.T, vm *machine) {
	vm.run(t, `
		echo 1 >/sys/module/module/parameters/sig_enforce
		rmmod pulso_cpu pulso_ram pulso_procs`)
	output := vm.startup(t)
	for _, line := range []string{
		"Key was rejected by service", "turn Secure Boot off, or enroll the key", "pulso: the agent is ready, fuente: procfs\n",
	} {
		if !strings.Contains(output, line) {
			t.Errorf("it does not say %q:\n%s", line, output)
		}
	}
	awaitFuente(t, vm, sample.FuenteProcfs)
}
