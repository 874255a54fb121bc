package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// restartPause is before a program that ended is started again, and before what failed is tried again; a kubelet begins
// with ten seconds.
const restartPause = time.Second

// pod is a pod's life on the node.
type pod struct {
	node    *Node
	object  *corev1.Pod // as it was at first
	spec    *corev1.Container
	address netip.Addr
	doomed  chan struct{}
	doom    func() // closes doomed

	mu      sync.Mutex
	status  corev1.PodStatus
	running *container // or nil
}

func newPod(n *Node, object *corev1.Pod, address netip.Addr) *pod {
	p := &pod{node: n, object: object, spec: &object.Spec.Containers[0], address: address, doomed: make(chan struct{})}
	p.doom = sync.OnceFunc(func() { close(p.doomed) })
	return p
}

// run is the pod's whole life: it returns when the pod is deleted, when a job's program has ended, or when ctx has.
func (p *pod) run(ctx context.Context) error {
	if len(p.object.Spec.Containers) != 1 || len(p.object.Spec.InitContainers) > 0 {
		return errors.New("this node plays pods of one container only")
	}
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: p.object.Name, Namespace: p.object.Namespace}, Target: corev1.ObjectReference{Kind: "Node", Name: nodeName}}
	switch err := p.node.client.CoreV1().Pods(p.object.Namespace).Bind(ctx, binding, metav1.CreateOptions{}); {
	case apierrors.IsNotFound(err): // it was deleted before anybody had it
		return nil
	case err != nil:
		return fmt.Errorf("bind: %w", err)
	}
	environment, root, err := p.prepare(ctx)
	if err != nil || root == "" {
		return err
	}
	defer func() { _ = unmount(root) }() // it ends with the namespace at the latest
	log, err := os.OpenFile(filepath.Join(p.node.Dir, p.object.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	for restarts := int32(0); ; restarts++ {
		c, err := startContainer(p, root, environment, log)
		if err != nil {
			return err
		}
		if err := p.publish(ctx, func() { p.begin(c, restarts) }); err != nil {
			return errors.Join(err, c.kill())
		}
		last := p.live(ctx, c)
		if err := p.publish(ctx, func() { p.finish(c, last) }); err != nil || ctx.Err() != nil {
			return err
		}
		switch {
		case last:
			return p.remove(ctx)
		case p.status.Phase == corev1.PodSucceeded, p.status.Phase == corev1.PodFailed:
			<-ctx.Done() // what is left of it is its status; until it is deleted
			return nil
		}
		select {
		case <-time.After(restartPause):
		case <-p.doomed:
			return p.remove(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// prepare gets what the program needs, again and again while something is missing, as a kubelet does: all of what one
// `kubectl apply` brings comes in its own order. root is empty when the pod was deleted meanwhile.
func (p *pod) prepare(ctx context.Context) (environment map[string]string, root string, err error) {
	for {
		if environment, err = p.environment(ctx); err == nil {
			root, err = p.makeRoot(ctx)
		}
		p.node.fail(p.object, err)
		if err == nil {
			return environment, root, nil
		}
		select {
		case <-time.After(restartPause):
		case <-p.doomed:
			p.node.fail(p.object, nil)
			return nil, "", p.remove(ctx)
		case <-ctx.Done():
			return nil, "", nil
		}
	}
}

// live returns when the container's program has ended, and says whether that was to be for good.
func (p *pod) live(ctx context.Context, c *container) (last bool) {
	asking, stop := context.WithCancel(ctx)
	var probes sync.WaitGroup
	probes.Go(func() { p.probe(asking, c) })
	defer probes.Wait()
	defer stop()
	select {
	case <-c.exited:
		return false
	case <-p.doomed:
		p.end(ctx, c)
		return true
	case <-ctx.Done():
		_ = c.kill()
		return true
	}
}

// end ends a program as a kubelet does: preStop, SIGTERM, and SIGKILL when the grace, which counts from the beginning, is over.
func (p *pod) end(ctx context.Context, c *container) {
	grace := time.After(time.Duration(*p.object.Spec.TerminationGracePeriodSeconds) * time.Second)
	if hook := p.spec.Lifecycle; hook != nil && hook.PreStop != nil && hook.PreStop.Sleep != nil {
		select {
		case <-time.After(time.Duration(hook.PreStop.Sleep.Seconds) * time.Second):
		case <-c.exited:
		case <-grace:
		case <-ctx.Done():
		}
	}
	_ = c.signal(syscall.SIGTERM) // one that has ended needs none
	select {
	case <-c.exited:
	case <-grace:
		_ = c.kill()
	case <-ctx.Done():
		_ = c.kill()
	}
}

func (p *pod) remove(ctx context.Context) error {
	now := int64(0)
	err := p.node.client.CoreV1().Pods(p.object.Namespace).Delete(ctx, p.object.Name,
		metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: metav1.NewUIDPreconditions(string(p.object.UID))})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (p *pod) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		return fmt.Errorf("pod %s does not run", p.object.Name)
	}
	return p.running.signal(s)
}

// publish changes the status and tells the API server.
func (p *pod) publish(ctx context.Context, change func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	patch, err := json.Marshal(map[string]any{"status": p.status})
	if err != nil {
		return err
	}
	_, err = p.node.client.CoreV1().Pods(p.object.Namespace).Patch(ctx, p.object.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if apierrors.IsNotFound(err) || ctx.Err() != nil {
		return nil // nobody asks any more
	}
	return err
}

// begin is the status of a pod whose program has just been started.
func (p *pod) begin(c *container, restarts int32) {
	p.running = c
	no := false
	now := metav1.Now()
	p.status.Phase = corev1.PodRunning
	p.status.StartTime = &now
	p.status.HostIP, p.status.HostIPs = machineAddress, []corev1.HostIP{{IP: machineAddress}}
	p.status.PodIP, p.status.PodIPs = p.address.String(), []corev1.PodIP{{IP: p.address.String()}}
	p.status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: p.spec.Name, Image: p.spec.Image, Started: &no, RestartCount: restarts,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
	}}
	p.conditions(corev1.ConditionFalse)
}

// finish is the status of a pod whose program has ended.
func (p *pod) finish(c *container, last bool) {
	p.running = nil
	code := int32(c.cmd.ProcessState.ExitCode()) //nolint:gosec // an exit code
	ended := &p.status.ContainerStatuses[0]
	ended.Ready, ended.Started = false, new(bool)
	reason := "Completed"
	if code != 0 {
		reason = "Error"
	}
	ended.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, FinishedAt: metav1.Now()}}
	p.conditions(corev1.ConditionFalse)
	switch policy := p.object.Spec.RestartPolicy; {
	case code == 0 && (last || policy != corev1.RestartPolicyAlways):
		p.status.Phase = corev1.PodSucceeded
	case last || policy == corev1.RestartPolicyNever:
		p.status.Phase = corev1.PodFailed
	}
}

// answer is the status of a pod whose probe has changed its opinion.
func (p *pod) answer(started, ready bool) {
	state := corev1.ConditionFalse
	if ready {
		state = corev1.ConditionTrue
	}
	p.status.ContainerStatuses[0].Started, p.status.ContainerStatuses[0].Ready = &started, ready
	p.conditions(state)
}

func (p *pod) conditions(ready corev1.ConditionStatus) {
	now := metav1.Now()
	p.status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: now},
		{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, LastTransitionTime: now},
		{Type: corev1.ContainersReady, Status: ready, LastTransitionTime: now},
		{Type: corev1.PodReady, Status: ready, LastTransitionTime: now},
	}
}
