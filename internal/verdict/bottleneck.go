package verdict

import "github.com/pulso-lab/pulso/internal/run"

const (
	cpuBusy       = 88.0 // percent: what is left, no program can use for long
	ramBusy       = 90.0
	processesBusy = 90.0
	grown         = 5.0 // points that RAM or processes must have grown by under the load to be what ended it
	noticed       = 30.0
)

// utilisation is how much of each resource was used, in percent.
type utilisation struct{ cpu, ram, processes float64 }

func utilisationOf(levels []*measured, vm run.VM) (u utilisation, known bool) {
	seconds := 0.0
	for _, m := range levels {
		if !m.vital {
			continue
		}
		n := float64(len(m.seconds))
		seconds += n
		u.cpu += n * m.CPU
		u.ram += n * m.RAM
		if vm.Processes > 0 {
			u.processes += n * 100 * m.Processes / float64(vm.Processes)
		}
	}
	if seconds == 0 {
		return u, false
	}
	return utilisation{u.cpu / seconds, u.ram / seconds, u.processes / seconds}, true
}

// bottleneckOf names what gave out first, by the utilisation law: the resource whose utilisation comes to its end where the
// throughput does. Where none does, the application's own limit ended it. What is used up only far beyond, by requests that
// wait or are refused, did not. Levels are in order of users; p is nil where no saturation was seen.
func bottleneckOf(levels []*measured, p *plateau, vm run.VM) Bottleneck {
	if len(levels) == 0 {
		return Bottleneck{Resource: Undecided, Reason: Text{"ningún nivel fue estable", "no level was steady"}}
	}
	at := levels[len(levels)-1:]
	if p != nil {
		at = p.begin()
	}
	u, known := utilisationOf(at, vm)
	if !known {
		return Bottleneck{Resource: Undecided, Reason: Text{"la VM no dijo cómo estaba", "the VM did not say how it was"}}
	}
	light, _ := utilisationOf(levels[:1], vm)
	b := Bottleneck{Resource: Undecided, CPU: u.cpu, RAM: u.ram, Processes: u.processes}
	if p == nil {
		b.Resource, b.Reason = least(u)
		return b
	}
	b.Resource = firstToEnd(at, light, levels[0].Users, vm)
	switch b.Resource {
	case CPU:
		b.Reason = textf("en la saturación la CPU está al %.0f %%", "at saturation the CPU is %.0f %% busy", u.cpu)
	case Memory:
		b.Reason = textf("en la saturación la RAM está al %.0f %%, y la CPU al %.0f %%", "at saturation RAM is %.0f %% in use, and the CPU %.0f %% busy", u.ram, u.cpu)
	case Processes:
		b.Reason = textf("en la saturación hay el %.0f %% de los procesos que el núcleo permite", "at saturation there are %.0f %% of the processes that the kernel allows", u.processes)
	case Undecided:
		b.Reason = textf("la CPU ya estaba al %.0f %% con la carga más ligera: algo más la usaba", "the CPU was %.0f %% busy under the lightest load already: something else used it", light.cpu)
	default:
		b.Resource = Application
		b.Reason = textf("en la saturación la CPU está al %.0f %% y la RAM al %.0f %%: ninguna se acabó", "at saturation the CPU is %.0f %% busy and RAM %.0f %% in use: neither gave out", u.cpu, u.ram)
	}
	return b
}

// firstToEnd is the resource that is used up at the smallest number of users; empty where none is. What was nearly used up under
// the lightest load already, this load did not use up; of the CPU, nobody can say then who did.
func firstToEnd(levels []*measured, light utilisation, lightest int, vm run.VM) Resource {
	for _, m := range levels {
		u, known := utilisationOf([]*measured{m}, vm)
		switch {
		case !known:
		case u.ram >= ramBusy && u.ram-light.ram >= grown:
			return Memory
		case u.processes >= processesBusy && u.processes-light.processes >= grown:
			return Processes
		case u.cpu >= cpuBusy && u.cpu-light.cpu < grown && m.Users > lightest:
			return Undecided
		case u.cpu >= cpuBusy:
			return CPU
		}
	}
	return ""
}

// least is the resource with the least left where nothing gave out.
func least(u utilisation) (Resource, Text) {
	if u.cpu < noticed || u.cpu < u.processes {
		return Undecided, Text{"no se vio saturación", "no saturation was seen"}
	}
	return CPU, textf("no se vio saturación; con la mayor carga la CPU está al %.0f %%", "no saturation was seen; under the greatest load the CPU is %.0f %% busy", u.cpu)
}
