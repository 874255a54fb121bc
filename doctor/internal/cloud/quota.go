package cloud

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulso-lab/pulso/doctor/internal/check"
)

// need is how much of a quota it takes.
type need struct {
	metric string
	what   string
	least  float64 // to start
	most   float64 // with every pod that there can be
}

// quota is a set of limits that are asked for together: of the region, or of the whole project.
type quota struct {
	name  string
	ask   []string
	needs []need
	p     *project
}

// quotas lists them. The VM and each node have two CPUs. Two nodes carry the pods at rest; four all that the autoscalers may
// add, three what a roll-out adds to the small preset's. How large the disk of Autopilot's nodes is is Google's affair: it
// is taken for 100 GB.
func (p *project) quotas() []quota {
	const fewest, vmDisk = 2, 20
	nodes, disk := 4.0, 100.0
	if p.Preset == "small" {
		nodes = 3
	}
	if !p.Autopilot {
		disk = 30
	}
	cpus := func(metric string) need { return need{metric, "CPUs", 2 + 2*fewest, 2 + 2*nodes} }
	return []quota{
		{p.Region, []string{"compute", "regions", "describe", p.Region}, []need{
			cpus("CPUS"),
			{"SSD_TOTAL_GB", "GB of SSD", vmDisk + fewest*disk, vmDisk + nodes*disk},
			{"IN_USE_ADDRESSES", "public addresses", 1, 1},
			{"STATIC_ADDRESSES", "reserved addresses", 1, 1},
		}, p},
		{"of all regions", []string{"compute", "project-info", "describe"}, []need{cpus("CPUS_ALL_REGIONS")}, p},
	}
}

type limit struct {
	Metric       string
	Limit, Usage float64
}

func (q quota) look(ctx context.Context) check.Finding {
	answer, err := gcloud[struct{ Quotas []limit }](ctx, q.p, q.ask...)
	if err != nil {
		return q.p.unanswered(err, check.Failure(err.Error(),
			"# region in terraform/terraform.tfvars must be one of these:", "gcloud compute regions list --project="+q.p.Project))
	}
	// What is in use is somebody else's, as long as our VM is not there.
	_, err = q.p.describeVM(ctx)
	free, word := func(l limit) float64 { return l.Limit }, "in all"
	if err != nil {
		free, word = func(l limit) float64 { return l.Limit - l.Usage }, "free"
	}
	limits := map[string]limit{}
	for _, l := range answer.Quotas {
		limits[l.Metric] = l
	}
	var fine, tight, short []string
	for _, n := range q.needs {
		l, ok := limits[n.metric]
		lack := func(takes float64) string { return fmt.Sprintf("%s: %g %s, of %g", n.metric, free(l), word, takes) }
		switch {
		case !ok: // Google has stopped counting it
		case free(l) < n.least:
			short = append(short, lack(n.least))
		case free(l) < n.most:
			tight = append(tight, lack(n.most))
		default:
			fine = append(fine, fmt.Sprintf("%g %s", free(l), n.what))
		}
	}
	cure := []string{
		"# ask for more, by this name, or take another region in terraform/terraform.tfvars:",
		"# https://console.cloud.google.com/iam-admin/quotas?project=" + q.p.Project,
	}
	switch {
	case len(short) > 0:
		return check.Failure("too little to start. "+strings.Join(short, "; "), cure...)
	case len(tight) > 0:
		return check.Warning("enough to start, not for all that the autoscalers may add. "+strings.Join(tight, "; "), cure...)
	case len(fine) == 0:
		return check.Unknown("Google's answer has none of the limits that matter")
	}
	return check.Good("%s: %s", word, strings.Join(fine, ", "))
}
