// Package cluster is a Kubernetes cluster on one machine, for tests: etcd, kube-apiserver and kube-controller-manager as
// they are, Traefik in the place of Google's gateway controller, and a Node that does what scheduler, kubelet, container
// runtime and CSI driver do: it starts a pod's real program in namespaces of its own, as its own user, on a read-only
// root, with its own address, asks its probes, and ends it with its preStop and its grace.
//
// What it cannot show: Google's load balancers, and that a NetworkPolicy is enforced (nothing here enforces it).
package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"k8s.io/client-go/kubernetes"
)

// Config is what a cluster is made of.
type Config struct {
	Programs string // folder of etcd, kube-apiserver, kube-controller-manager, kubectl and traefik
	Dir      string // folder, there and empty, for data and logs
	CRDs     []byte // YAML documents
	Pods     Pods
}

// Cluster is a running cluster. Stop ends it.
type Cluster struct {
	Client  *kubernetes.Clientset
	Node    *Node
	config  Config
	control *controlPlane
	gateway *process
}

// Start starts a cluster and returns when it takes manifests.
func Start(ctx context.Context, config Config) (_ *Cluster, err error) {
	c := &Cluster{config: config}
	defer func() {
		if err != nil {
			err = fmt.Errorf("cluster: %w", err)
			c.Stop()
		}
	}()
	if c.control, err = startControlPlane(ctx, config.Programs, config.Dir); err != nil {
		return nil, err
	}
	client, err := c.control.client()
	if err != nil {
		return nil, err
	}
	c.Client = client
	if _, err := c.Kubectl(ctx, string(config.CRDs), "create", "-f", "-"); err != nil {
		return nil, err
	}
	// Asked again and again: kubectl takes a definition that nobody has looked at yet, and that has no conditions, for an error.
	if err := c.control.server.await(ctx, func(ctx context.Context) error {
		_, err := c.Kubectl(ctx, "", "wait", "--for=condition=Established", "crd", "--all")
		return err
	}); err != nil {
		return nil, err
	}
	if c.Node, err = startNode(ctx, client, config.Pods); err != nil {
		return nil, err
	}
	if _, err := c.Kubectl(ctx, gatewayClass, "create", "-f", "-"); err != nil {
		return nil, err
	}
	c.gateway, err = startGateway(config, c.control)
	return c, err
}

// Stop ends everything.
func (c *Cluster) Stop() {
	if c.gateway != nil {
		c.gateway.stop()
	}
	if c.Node != nil {
		c.Node.stop()
	}
	if c.control != nil {
		c.control.stop()
	}
}

// Kubectl runs kubectl on the cluster with this input, and returns what it prints. Its error has what it says.
func (c *Cluster) Kubectl(ctx context.Context, input string, arguments ...string) (string, error) {
	return c.run(exec.CommandContext(ctx, filepath.Join(c.config.Programs, "kubectl"), arguments...), input) //nolint:gosec // our own arguments
}

// Shell runs what somebody would type, in a folder, with kubectl on the cluster.
func (c *Cluster) Shell(ctx context.Context, dir, command string) (string, error) {
	cmd := exec.CommandContext(ctx, "sh", "-c", command) //nolint:gosec // our own documentation
	cmd.Dir = dir
	return c.run(cmd, "")
}

func (c *Cluster) run(cmd *exec.Cmd, input string) (string, error) {
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.control.kubeconfig, "HOME="+c.config.Dir, // for its cache
		"PATH="+c.config.Programs+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(input)
	// All of it ends with the context: a shell's child would go on, and keep the output open.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var output, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &complaint
	if err := cmd.Run(); err != nil {
		return output.String(), fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), errors.Join(err, errors.New(complaint.String())))
	}
	return output.String(), nil
}
