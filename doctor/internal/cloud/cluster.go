package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulso-lab/pulso/doctor/internal/check"
	"github.com/pulso-lab/pulso/doctor/internal/command"
)

func (p *project) cluster(ctx context.Context) check.Finding {
	found, err := gcloud[struct{ Status string }](ctx, p, "container", "clusters", "describe", cluster, "--location="+p.Region)
	if err != nil {
		return p.unanswered(err, check.Failure("there is no cluster "+cluster+" in "+p.Region, apply))
	}
	if found.Status != "RUNNING" {
		return check.Failure(cluster+" is "+found.Status, "# what is done to it, and what became of it:",
			fmt.Sprintf("gcloud container operations list --location=%s --limit=5 --project=%s", p.Region, p.Project))
	}
	return check.Good("%s runs", cluster)
}

// access looks whether kubectl gets to this cluster, and whether it is this one that it goes to unasked.
func (p *project) access(ctx context.Context) check.Finding {
	credentials := fmt.Sprintf("gcloud container clusters get-credentials %s --location=%s --dns-endpoint --project=%s", cluster, p.Region, p.Project)
	_, err := kubectl[struct{}](ctx, p, "namespace", namespace)
	switch {
	case err != nil && strings.Contains(err.Error(), `context "`):
		return check.Failure("kubectl does not know the cluster", credentials)
	case command.KindOf(err) == command.Missing:
		return check.Failure("kubectl reaches the cluster, and nothing is deployed there", build)
	case command.KindOf(err) == command.Denied:
		return p.unanswered(err, check.Finding{})
	case err != nil:
		return check.Failure("kubectl does not reach the cluster: "+err.Error(), credentials)
	}
	current, err := p.Run(ctx, "kubectl", "config", "current-context")
	if strings.TrimSpace(string(current)) != p.kubeContext() || err != nil {
		return check.Warning("kubectl reaches the cluster, but goes to another one unless it is told", "kubectl config use-context "+p.kubeContext())
	}
	return check.Good("kubectl reaches the cluster, and the namespace %s", namespace)
}

type condition struct{ Type, Status, Reason, Message string }

func is(conditions []condition, name, status string) bool {
	return slices.ContainsFunc(conditions, func(c condition) bool { return c.Type == name && c.Status == status })
}

type list[T any] struct{ Items []T }

type metadata struct {
	Name              string
	CreationTimestamp time.Time
}

type job struct {
	Metadata metadata
	Status   struct {
		Failed     int
		Conditions []condition
	}
}

// migrator looks at the newest Job; an hour after its end it is gone.
func (p *project) migrator(ctx context.Context) check.Finding {
	jobs, err := kubectl[list[job]](ctx, p, "jobs", "--selector=app.kubernetes.io/part-of=pulso")
	if err != nil {
		return p.unanswered(err, check.Failure(err.Error(), build))
	}
	if len(jobs.Items) == 0 {
		return check.Unknown("no Job is left: it goes an hour after its end. Pods that are ready tell that it came through")
	}
	newest := slices.MaxFunc(jobs.Items, func(a, b job) int { return a.Metadata.CreationTimestamp.Compare(b.Metadata.CreationTimestamp) })
	name := newest.Metadata.Name
	log := fmt.Sprintf("kubectl logs job/%s -n %s --context=%s", name, namespace, p.kubeContext())
	switch {
	case is(newest.Status.Conditions, "Complete", "True"):
		return check.Good("%s has made the tables and given the services their rights", name)
	case is(newest.Status.Conditions, "Failed", "True"):
		return check.Failure(name+" has failed", "# its last line says why; then:", log, build)
	case newest.Status.Failed > 0:
		return check.Failure(fmt.Sprintf("%s has failed %d times, and tries again", name, newest.Status.Failed), log)
	}
	return check.Warning(name+" is not done", log)
}
