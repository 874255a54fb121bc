package cloud

import (
	"context"
	"fmt"
	"slices"

	"github.com/pulso-lab/pulso/doctor/internal/check"
)

// deployments are those that there have to be.
func (s Settings) deployments() []string {
	if s.inCluster() {
		return []string{"api1", "api2", "socket"}
	}
	return []string{"socket"}
}

type deployment struct {
	Spec   struct{ Replicas int }
	Status struct {
		ReadyReplicas int
		Conditions    []condition
	}
}

// deployment looks whether the pods are ready. That is more than that they run: a pod is ready when it reaches the
// database, logs in as its own user, and finds the tables and the rights that it needs.
func (p *project) deployment(name string) func(context.Context) check.Finding {
	return func(ctx context.Context) check.Finding {
		d, err := kubectl[deployment](ctx, p, "deployment", name)
		if err != nil {
			return p.unanswered(err, check.Failure("not deployed", build))
		}
		detail := fmt.Sprintf("%d of %d pods ready", d.Status.ReadyReplicas, d.Spec.Replicas)
		stuck := is(d.Status.Conditions, "Progressing", "False")
		if d.Status.ReadyReplicas >= d.Spec.Replicas && !stuck {
			return check.Good("%s: they reach the database, with their rights", detail)
		}
		why, cure := p.ailing(ctx, name)
		if stuck {
			why = ", and the roll-out of a new version is stuck" + why
		}
		if d.Status.ReadyReplicas > 0 && !stuck {
			return check.Warning(detail+why, cure...)
		}
		return check.Failure(detail+why, cure...)
	}
}

type pod struct {
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Status struct {
		Phase             string
		Conditions        []condition
		ContainerStatuses []struct {
			State struct{ Waiting *struct{ Reason string } }
		}
	}
}

// waits is the reason why its container does not run.
func (p pod) waits() string {
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Waiting != nil {
			return c.State.Waiting.Reason
		}
	}
	return ""
}

// ailing says what is wrong with the pods of a Deployment, by the first that is not ready.
func (p *project) ailing(ctx context.Context, name string) (why string, cure []string) {
	here := func(command, pod string) string {
		return fmt.Sprintf("kubectl %s %s -n %s --context=%s", command, pod, namespace, p.kubeContext())
	}
	pods, err := kubectl[list[pod]](ctx, p, "pods", "--selector=app.kubernetes.io/part-of=pulso")
	at := slices.IndexFunc(pods.Items, func(pod pod) bool {
		return pod.Metadata.Labels["app.kubernetes.io/name"] == name && !is(pod.Status.Conditions, "Ready", "True")
	})
	if err != nil || at < 0 {
		return "", []string{here("describe", "deployment/"+name)}
	}
	pod := pods.Items[at]
	called := "pod/" + pod.Metadata.Name
	switch reason := pod.waits(); reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName":
		return ": its image cannot be had (" + reason + ")", []string{build}
	case "CrashLoopBackOff":
		return ": it ends by itself", []string{"# the last line says why:", here("logs --previous --tail=5", called)}
	case "ContainerCreating", "CreateContainerConfigError":
		return ": it does not start (" + reason + ")", []string{
			"# Events has the reason, most often the token's volume, for which see the secrets above:", here("describe", called)}
	}
	if is(pod.Status.Conditions, "PodScheduled", "False") {
		return ": no node has room", []string{"# Autopilot makes nodes within minutes; if it does not, see the quotas above, and Events in:", here("describe", called)}
	}
	return ": they do not reach the database, or lack their tables or rights", []string{
		"# docs/operations.md, Is it well?, has what its lines mean:", here("logs --tail=20", called)}
}
