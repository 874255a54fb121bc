package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

const nodeName = "node"

// Pods is what the programs in the pods need and a cluster of Google's would give them.
type Pods struct {
	// Dir is a folder for the pods' logs and roots.
	Dir string
	// Program is the file of the program that an image has as its entry point.
	Program func(image string) string
	// Environment changes a container's environment, where this machine is not the one that the manifests speak of.
	Environment func(map[string]string)
	// Files are files of this machine, by the name under which every pod finds them.
	Files map[string]string
	// Secrets is what Secret Manager holds, by resource name: projects/P/secrets/S/versions/V.
	Secrets map[string]string
}

// Node runs the pods of the cluster, all of them.
type Node struct {
	Pods
	client *kubernetes.Clientset
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	address netip.Addr // the last one given to a pod
	pods    map[types.UID]*pod
	errs    map[types.UID]error // why pods do not run
}

// startNode makes the node known and begins to run what is there for it.
func startNode(ctx context.Context, client *kubernetes.Clientset, pods Pods) (*Node, error) {
	n := &Node{Pods: pods, client: client, address: netip.MustParseAddr(beforePods), pods: map[types.UID]*pod{}, errs: map[types.UID]error{}}
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{corev1.LabelHostname: nodeName, corev1.LabelTopologyZone: "zone"}},
		Status: corev1.NodeStatus{
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
			Addresses:  []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: machineAddress}},
		},
	}
	if _, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	_, err := factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { n.see(ctx, o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) { n.see(ctx, o.(*corev1.Pod)) },
	})
	if err != nil {
		n.cancel()
		return nil, err
	}
	factory.Start(ctx.Done())
	n.work.Go(func() {
		<-ctx.Done()
		factory.Shutdown()
	})
	return n, nil
}

// stop ends all pods at once.
func (n *Node) stop() {
	n.cancel()
	n.work.Wait()
}

// see takes note of a pod: a new one is started, one that is to be deleted is ended.
func (n *Node) see(ctx context.Context, object *corev1.Pod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p, known := n.pods[object.UID]
	if !known && object.DeletionTimestamp == nil && ctx.Err() == nil {
		n.address = n.address.Next()
		p = newPod(n, object, n.address)
		n.pods[object.UID] = p
		n.work.Go(func() {
			if err := p.run(ctx); err != nil && ctx.Err() == nil {
				n.fail(object, err)
			}
		})
	}
	if p != nil && object.DeletionTimestamp != nil {
		p.doom()
	}
}

// fail notes why a pod does not run; nil that it does.
func (n *Node) fail(object *corev1.Pod, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil {
		delete(n.errs, object.UID)
		return
	}
	n.errs[object.UID] = fmt.Errorf("pod %s: %w", object.Name, err)
}

// Err says which pods do not run, and why.
func (n *Node) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return errors.Join(slices.Collect(maps.Values(n.errs))...)
}

// Signal sends a signal to the program of a pod, which may be one that is in the way of everything, such as SIGSTOP.
func (n *Node) Signal(name string, signal syscall.Signal) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pods {
		if p.object.Name == name {
			return p.signal(signal)
		}
	}
	return fmt.Errorf("no pod %s", name)
}
