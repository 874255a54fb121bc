package manifests

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/testing"
	"k8s.io/ingress-gce/pkg/apis/backendconfig"
	backendconfigv1 "k8s.io/ingress-gce/pkg/apis/backendconfig/v1"
	"k8s.io/ingress-gce/pkg/crd"
	"k8s.io/klog/v2"
)

// released is where modules keep the definitions of their kinds.
var released = []struct{ module, files string }{
	{"sigs.k8s.io/gateway-api", "config/crd/standard/*.yaml"},
	{"github.com/GoogleCloudPlatform/gke-gateway-api", "config/crd/*.yaml"},
	{"sigs.k8s.io/secrets-store-csi-driver", "deploy/*_secretproviderclasses.yaml"},
}

// CRDs is the definitions of all kinds in gke/ that Kubernetes does not know by itself, each as its maker has it: a stream
// of YAML documents for `kubectl create` (some are too long for the annotation that `kubectl apply` makes). The working
// directory must lie in this module, whose go.mod says the versions.
func CRDs(ctx context.Context) ([]byte, error) {
	var documents [][]byte
	for _, r := range released {
		dir, err := moduleDir(ctx, r.module)
		if err != nil {
			return nil, err
		}
		files, err := filepath.Glob(filepath.Join(dir, r.files))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s has no %s", r.module, r.files)
		}
		for _, file := range files {
			document, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			documents = append(documents, document)
		}
	}
	document, err := backendConfigCRD()
	if err != nil {
		return nil, fmt.Errorf("make the definition of BackendConfig: %w", err)
	}
	return bytes.Join(append(documents, document), []byte("\n---\n")), nil
}

// moduleDir is where the sources of a module are.
func moduleDir(ctx context.Context, module string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output() //nolint:gosec // one of released
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("go list -m %s: %w", module, err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", fmt.Errorf("module %s is not there: go mod download", module)
	}
	return dir, nil
}

// backendConfigCRD is the definition of BackendConfig. GKE's Ingress controller makes it by code, from the Go types, when
// it starts, so that there is no file to take: here it does so for a client that keeps what it is given.
func backendConfigCRD() ([]byte, error) {
	var made *apiextensionsv1.CustomResourceDefinition
	client := fake.NewClientset()
	client.PrependReactor("create", "*", func(a testing.Action) (bool, runtime.Object, error) {
		made = a.(testing.CreateAction).GetObject().(*apiextensionsv1.CustomResourceDefinition).DeepCopy()
		return true, made, nil
	})
	// The controller looks whether it is there, makes it, and waits until the API server knows it.
	client.PrependReactor("get", "*", func(testing.Action) (bool, runtime.Object, error) {
		if made == nil {
			return false, nil, nil
		}
		known := made.DeepCopy()
		known.Status.Conditions = []apiextensionsv1.CustomResourceDefinitionCondition{
			{Type: apiextensionsv1.Established, Status: apiextensionsv1.ConditionTrue},
		}
		return true, known, nil
	})
	// As the controller's own backendconfig.CRDMeta, whose package would have all of Compute Engine's client compiled.
	const kind = "BackendConfig"
	meta := crd.NewCRDMeta(backendconfig.GroupName, kind, kind+"List", "backendconfig", "backendconfigs", []*crd.Version{
		crd.NewVersion("v1", "k8s.io/ingress-gce/pkg/apis/backendconfig/v1."+kind, backendconfigv1.GetOpenAPIDefinitions, false),
	})
	if _, err := crd.NewCRDHandler(client, klog.Logger{}).EnsureCRD(meta, true); err != nil {
		return nil, err
	}
	made.APIVersion, made.Kind = apiextensionsv1.SchemeGroupVersion.String(), "CustomResourceDefinition"
	return json.Marshal(made)
}
