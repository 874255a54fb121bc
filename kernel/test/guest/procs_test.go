//go:build guest

package guest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

type procs struct {
	Running  int `json:"procesos_corriendo"`
	Sleeping int `json:"procesos_durmiendo"`
	Zombie   int `json:"procesos_zombie"`
	Stopped  int `json:"procesos_parados"`
	Total    int `json:"total_procesos"`
}

func readProcs(t *testing.T) procs {
	t.Helper()
	var p procs
	readJSON(t, procsFile, &p)
	if p.Running+p.Sleeping+p.Zombie+p.Stopped != p.Total {
		t.Errorf("the states do not add up: %+v", p)
	}
	return p
}

// count is what the module should say of a scan.
func count(all map[int]procStat) procs {
	p := procs{Total: len(all)}
	for _, stat := range all {
		switch stat.state {
		case 'R':
			p.Running++
		case 'S', 'D', 'I', 'P':
			p.Sleeping++
		case 'Z', 'X':
			p.Zombie++
		case 'T', 't':
			p.Stopped++
		}
	}
	return p
}

// settled is the module's counts at a moment when they were those of a scan just before and just after. The kernel's own
// threads come, wake and go, so the moment has to be found; what never agrees is wrong.
func settled(t *testing.T) (p procs) {
	t.Helper()
	await(t, "the module agrees with a scan of /proc", func() bool {
		before := count(scan(t))
		p = readProcs(t)
		after := count(scan(t))
		return before == after && p == before
	})
	return p
}

// Children in every state there is are counted, each in its bucket and none elsewhere.
func TestStates(t *testing.T) {
	load(t, "pulso_procs", "")
	for _, c := range []struct {
		state   byte
		makes   func(*testing.T) int
		more    procs // what one of them adds
		helpers int   // processes that it needs beside itself, asleep
	}{
		{'R', func(t *testing.T) int { return child(t, "spin") }, procs{Running: 1}, 0},
		{'S', func(t *testing.T) int { return child(t, "named", "x") }, procs{Sleeping: 1}, 0},
		{'D', func(t *testing.T) int { return child(t, "vfork") }, procs{Sleeping: 1}, 1},
		{'T', stopped, procs{Stopped: 1}, 0},
		{'t', traced, procs{Stopped: 1}, 1},
		{'Z', zombie, procs{Zombie: 1}, 0},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			const children = 3
			before := settled(t)
			var pids []int
			for range children {
				pid := c.makes(t)
				awaitState(t, pid, c.state)
				pids = append(pids, pid)
			}
			// The kernel's own threads can make a settled moment differ from the next: wait for the one that is right.
			want := procs{
				Running:  before.Running + children*c.more.Running,
				Sleeping: before.Sleeping + children*(c.more.Sleeping+c.helpers),
				Zombie:   before.Zombie + children*c.more.Zombie,
				Stopped:  before.Stopped + children*c.more.Stopped,
			}
			await(t, "the children are counted", func() bool {
				got := settled(t)
				if got.Zombie != want.Zombie || got.Stopped != want.Stopped {
					t.Fatalf("%+v, want %+v", got, want)
				}
				return got.Running == want.Running && got.Sleeping-want.Sleeping == got.Total-before.Total-children*(1+c.helpers)
			})
			table := readTable(t)
			for _, pid := range pids {
				if table[pid].state != c.state {
					t.Errorf("process %d is %+v in the table", pid, table[pid])
				}
			}
		})
	}
	await(t, "the children have gone", func() bool {
		got := readProcs(t)
		return got.Zombie == 0 && got.Stopped == 0
	})
}

// row is a line of the table.
type row struct {
	ppid   int
	state  byte
	cpuNs  int64
	rssKiB int64
	comm   string
}

var (
	tableLine = regexp.MustCompile(`^(\d+) (\d+) ([RSDTtXZPI]) (\d+) (\d+) ([!-~]*)$`)
	escape    = regexp.MustCompile(`\\x[0-9a-f]{2}`)
)

func readTable(t *testing.T) map[int]row {
	t.Helper()
	content, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	return parseTable(t, content)
}

// parseTable also checks that pids ascend, so that no process is there twice.
func parseTable(t *testing.T, content []byte) map[int]row {
	t.Helper()
	text, ok := bytes.CutSuffix(content, []byte("\n"))
	if !ok {
		t.Fatalf("the table ends with %q", content[max(0, len(content)-80):])
	}
	all, last := map[int]row{}, 0
	for line := range strings.SplitSeq(string(text), "\n") {
		found := tableLine.FindStringSubmatch(line)
		if found == nil {
			t.Fatalf("the table has the line %q", line)
		}
		number := func(i int) int64 {
			n, err := strconv.ParseInt(found[i], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		pid := int(number(1))
		if pid <= last {
			t.Fatalf("process %d comes after %d", pid, last)
		}
		last = pid
		all[pid] = row{int(number(2)), found[3][0], number(4), number(5), unescape(t, found[6])}
	}
	return all
}

func unescape(t *testing.T, text string) string {
	t.Helper()
	if strings.Contains(escape.ReplaceAllString(text, ""), `\`) {
		t.Fatalf("%q has a backslash of its own", text)
	}
	return escape.ReplaceAllStringFunc(text, func(hex string) string {
		b, err := strconv.ParseUint(hex[2:], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		return string([]byte{byte(b)})
	})
}

// The table has the processes that /proc has, and says of each the same.
func TestTable(t *testing.T) {
	load(t, "pulso_procs", "")
	child(t, "vfork")
	awaitState(t, stopped(t), 'T')
	awaitState(t, traced(t), 't')
	awaitState(t, zombie(t), 'Z')
	child(t, "spin")
	var difference string
	await(t, "the table agrees with a scan of /proc", func() bool {
		before, table, after := scan(t), readTable(t), scan(t)
		difference = compare(before, table, after)
		return difference == ""
	})
	table := readTable(t)
	if table[1].comm != "init" && table[1].comm != "busybox" && table[1].comm != "sh" || table[2].comm != "kthreadd" {
		t.Errorf("processes 1 and 2 are %+v and %+v", table[1], table[2])
	}
	idle := 0
	for pid, r := range table {
		if r.state == 'I' {
			idle++
		}
		if r.ppid == 2 && r.rssKiB != 0 {
			t.Errorf("kernel thread %d has %d KiB", pid, r.rssKiB)
		}
	}
	if idle < 5 {
		t.Errorf("%d idle kernel threads", idle)
	}
}

// compare says what of a table does not lie between two scans, for the processes that both have.
func compare(before map[int]procStat, table map[int]row, after map[int]procStat) string {
	for pid, from := range before {
		to, ok := after[pid]
		if !ok || from.comm != to.comm {
			continue
		}
		r, ok := table[pid]
		switch {
		case !ok:
			return fmt.Sprintf("process %d %s is not in the table", pid, from.comm)
		case r.ppid != from.ppid || r.state != from.state && r.state != to.state:
			return fmt.Sprintf("process %d is %+v in the table, %+v and %+v in /proc", pid, r, from, to)
		case r.cpuNs < (from.cpuTicks-1)*tick || r.cpuNs > (to.cpuTicks+2)*tick:
			return fmt.Sprintf("process %d has %d ns in the table, %d and %d ticks in /proc", pid, r.cpuNs, from.cpuTicks, to.cpuTicks)
		case r.rssKiB < 4*min(from.pages, to.pages)-256 || r.rssKiB > 4*max(from.pages, to.pages)+256:
			return fmt.Sprintf("process %d has %d KiB in the table, %d and %d pages in /proc", pid, r.rssKiB, from.pages, to.pages)
		case r.comm != from.comm && !from.kernelOwn: // /proc adds to the names of the kernel's workers
			return fmt.Sprintf("process %d is %q in the table, %q in /proc", pid, r.comm, from.comm)
		}
	}
	for pid := range table {
		_, was := before[pid]
		_, is := after[pid]
		if !was && !is {
			return fmt.Sprintf("process %d is only in the table", pid)
		}
	}
	return ""
}

// CPU time counts what a process has used: nearly all of a CPU for one that spins.
func TestTableCPUTime(t *testing.T) {
	load(t, "pulso_procs", "")
	pid := child(t, "spin")
	awaitState(t, pid, 'R')
	begin, from := time.Now(), readTable(t)[pid].cpuNs
	await(t, "a second of CPU time has passed", func() bool { return readTable(t)[pid].cpuNs-from >= int64(time.Second) })
	if took := time.Since(begin); took < 900*time.Millisecond {
		t.Errorf("a second of CPU time passed in %s", took)
	}
}

// Processes come and go, with threads and without, while the table is read: whoever stays is in every one of them.
func TestTableUnderChurn(t *testing.T) {
	load(t, "pulso_procs", "")
	stay := map[string]int{
		"sleeps":                           child(t, "named", "sleeps"),
		"lost its first thread":            child(t, "leaderless"),
		"is in a PID namespace of its own": inNamespace(t),
		"is init":                          1,
	}
	awaitState(t, stay["lost its first thread"], 'Z')
	for range 2 {
		start(t, "/bin/sh", "-c", "while :; do /bin/true & /bin/true; (/bin/true); wait; done")
		child(t, "threads")
	}
	seen := map[int]bool{}
	await(t, "hundreds of processes have come and gone", func() bool {
		table := readTable(t)
		for what, pid := range stay {
			if _, ok := table[pid]; !ok {
				t.Fatalf("process %d, which %s, is not in the table", pid, what)
			}
		}
		for pid := range table {
			seen[pid] = true
		}
		return len(seen) > len(table)+300
	})
	if r := readTable(t)[stay["lost its first thread"]]; r.cpuNs == 0 {
		t.Errorf("a process whose first thread has ended and that runs on: %+v", r)
	}
}

// inNamespace is a process that takes itself for number 1.
func inNamespace(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("/bin/guest", "named", "inside")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(cmd) })
	return cmd.Process.Pid
}

// No name breaks the table, whatever its bytes.
func TestNames(t *testing.T) {
	load(t, "pulso_procs", "")
	names := []string{
		"a", "with space", `"quotes"`, `back\slash`, `\x41`, "new\nline", "tab\tand\rmore", ") R 1 (", "niño ñandú",
		"名前", "\xff\xfe\x80", "\x01\x7f", `","b":"`, "", " ", "123456789012345",
	}
	pids := make([]int, len(names))
	for i, name := range names {
		pids[i] = child(t, "named", name)
	}
	for i, name := range names {
		want := name[:min(len(name), 15)] // as long as the kernel keeps
		await(t, fmt.Sprintf("process %d is %q", pids[i], want), func() bool {
			comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pids[i]))
			return err == nil && string(comm) == want+"\n"
		})
		if r := readTable(t)[pids[i]]; r.comm != want {
			t.Errorf("process %d is %q in the table, want %q", pids[i], r.comm, want)
		}
	}
}
