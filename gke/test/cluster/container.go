package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	entryPoint   = "/service" // of all of our images
	secretDriver = "secrets-store-gke.csi.k8s.io"
)

// container is a running program.
type container struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has ended
}

// links counts the network interfaces, to name them: one of a pod that has gone goes a moment later.
var links atomic.Int64

// traveller is a thread that enters the namespaces of one pod after the other. It begins before anything else does, and is
// there as long as this program is: programs that are to die with their parent die with the thread that started them, so that
// no other thread may be left in a foreign network, or ended for it.
var traveller = make(chan func())

func init() {
	go func() {
		runtime.LockOSThread()
		for do := range traveller {
			do()
		}
	}()
}

// startContainer starts the pod's program in namespaces of its own, as the user that its pod names.
func startContainer(p *pod, root string, environment map[string]string, log *os.File) (*container, error) {
	user := p.object.Spec.SecurityContext
	if user == nil || user.RunAsUser == nil || user.RunAsGroup == nil {
		return nil, errors.New("the pod names no user and group")
	}
	c := &container{exited: make(chan struct{}), cmd: &exec.Cmd{
		Path: entryPoint, Args: append([]string{entryPoint}, p.spec.Args...), Dir: "/", Stdout: log, Stderr: log,
		SysProcAttr: &syscall.SysProcAttr{
			Chroot:     root,
			Credential: &syscall.Credential{Uid: uint32(*user.RunAsUser), Gid: uint32(*user.RunAsGroup)}, //nolint:gosec // the API server checks them
			Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWIPC,
		},
	}}
	for name, value := range environment {
		c.cmd.Env = append(c.cmd.Env, name+"="+value)
	}
	slices.Sort(c.cmd.Env)
	started := make(chan error)
	traveller <- func() {
		if err := p.enterNamespaces(); err != nil {
			started <- err
			return
		}
		started <- c.cmd.Start() // it inherits them
	}
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", p.spec.Image, err)
	}
	go func() {
		_ = c.cmd.Wait() // its exit code is in ProcessState
		close(c.exited)
	}()
	return c, nil
}

// enterNamespaces gives this thread a host name and a network with the pod's address.
func (p *pod) enterNamespaces() error {
	if err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWUTS); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(p.object.Name)); err != nil {
		return err
	}
	link := fmt.Sprint("pod", links.Add(1))
	a := p.address.As4()
	if err := run(
		// The other end lies in the network of process 1, which is this program. The pod keeps its hardware address when
		// its program is started anew, as neighbours remember it.
		fmt.Sprintf("ip link add eth0 address 02:00:%02x:%02x:%02x:%02x type veth peer name %s netns 1", a[0], a[1], a[2], a[3], link),
		"ip addr add "+p.address.String()+"/16 dev eth0", "ip link set eth0 up", "ip link set lo up",
	); err != nil {
		return err
	}
	return outside("ip link set " + link + " master " + bridge + " up")
}

// outside runs commands in this program's own network, from a thread that has left it.
func outside(commands ...string) error {
	done := make(chan error)
	go func() { done <- run(commands...) }()
	return <-done
}

func (c *container) signal(s syscall.Signal) error { return c.cmd.Process.Signal(s) }

// kill ends the program at once, and returns when it has ended.
func (c *container) kill() error {
	err := c.cmd.Process.Kill()
	<-c.exited
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// environment is that of the pod's container.
func (p *pod) environment(ctx context.Context) (map[string]string, error) {
	environment := map[string]string{"HOSTNAME": p.object.Name}
	for _, source := range p.spec.EnvFrom {
		if source.ConfigMapRef == nil {
			return nil, errors.New("this node takes whole environments from ConfigMaps only")
		}
		values, err := p.node.client.CoreV1().ConfigMaps(p.object.Namespace).Get(ctx, source.ConfigMapRef.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		for name, value := range values.Data {
			environment[name] = value
		}
	}
	for _, variable := range p.spec.Env {
		if variable.ValueFrom != nil {
			return nil, fmt.Errorf("%s: this node takes plain values only", variable.Name)
		}
		environment[variable.Name] = variable.Value
	}
	p.node.Environment(environment)
	return environment, nil
}

// makeRoot mounts the pod's root: the program, the node's files, and the pod's volumes.
func (p *pod) makeRoot(ctx context.Context) (string, error) {
	root := filepath.Join(p.node.Dir, p.object.Name+".root")
	if err := os.MkdirAll(root, 0o755); err != nil { //nolint:gosec // the pod's user must get in
		return "", err
	}
	if err := unix.Mount("tmpfs", root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return "", fmt.Errorf("root of %s: %w", p.object.Name, err)
	}
	err := bind(p.node.Program(p.spec.Image), filepath.Join(root, entryPoint))
	for name, file := range p.node.Files {
		err = errors.Join(err, bind(file, filepath.Join(root, name)))
	}
	for _, mount := range p.spec.VolumeMounts {
		err = errors.Join(err, p.mount(ctx, mount.Name, filepath.Join(root, mount.MountPath)))
	}
	if security := p.spec.SecurityContext; err == nil && security != nil && security.ReadOnlyRootFilesystem != nil && *security.ReadOnlyRootFilesystem {
		err = unix.Mount("", root, "", unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, "")
	}
	if err != nil {
		return "", errors.Join(err, unmount(root))
	}
	return root, nil
}

func bind(file, target string) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil { //nolint:gosec // the pod's user must get in
		return err
	}
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		return err
	}
	if err := unix.Mount(file, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s to %s: %w", file, target, err)
	}
	return nil
}

func unmount(root string) error { return unix.Unmount(root, unix.MNT_DETACH) }

// mount fills a volume of secrets, as the Secret Manager add-on does.
func (p *pod) mount(ctx context.Context, name, target string) error {
	i := slices.IndexFunc(p.object.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == name })
	source := p.object.Spec.Volumes[i].CSI
	if source == nil || source.Driver != secretDriver {
		return fmt.Errorf("volume %s: this node knows only those of %s", name, secretDriver)
	}
	content, err := p.node.client.RESTClient().Get().
		AbsPath("/apis/secrets-store.csi.x-k8s.io/v1/namespaces", p.object.Namespace, "secretproviderclasses", source.VolumeAttributes["secretProviderClass"]).
		DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("volume %s: %w", name, err)
	}
	var class struct {
		Spec struct {
			Provider   string
			Parameters struct{ Secrets string }
		}
	}
	var secrets []struct{ ResourceName, Path string }
	if err := json.Unmarshal(content, &class); err != nil {
		return fmt.Errorf("volume %s: %w", name, err)
	}
	if err := yaml.UnmarshalStrict([]byte(class.Spec.Parameters.Secrets), &secrets); err != nil {
		return fmt.Errorf("volume %s: %w", name, err)
	}
	if class.Spec.Provider != "gke" || len(secrets) == 0 {
		return fmt.Errorf("volume %s: no secrets of the provider gke: %s", name, content)
	}
	for _, secret := range secrets {
		value, there := p.node.Secrets[secret.ResourceName]
		if !there || strings.Contains(secret.Path, "/") {
			return fmt.Errorf("volume %s: no secret %s to be put at %s", name, secret.ResourceName, secret.Path)
		}
		err := errors.Join(os.MkdirAll(target, 0o755), os.WriteFile(filepath.Join(target, secret.Path), []byte(value), 0o644)) //nolint:gosec // as the add-on does
		if err != nil {
			return err
		}
	}
	return nil
}
