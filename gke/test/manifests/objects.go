package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	gkev1 "github.com/GoogleCloudPlatform/gke-gateway-api/apis/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	backendconfigv1 "k8s.io/ingress-gce/pkg/apis/backendconfig/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	secretsv1 "sigs.k8s.io/secrets-store-csi-driver/apis/v1"
)

// Objects is the typed objects of a stream of YAML documents. A field that a kind does not have is an error, and so is one
// that is there twice.
func Objects(documents []byte) ([]runtime.Object, error) {
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		scheme.AddToScheme, gatewayv1.Install, gkev1.Install, secretsv1.AddToScheme, backendconfigv1.AddToScheme,
	} {
		if err := add(known); err != nil {
			return nil, err
		}
	}
	strict := serializer.NewCodecFactory(known, serializer.EnableStrict).UniversalDeserializer()
	var objects []runtime.Object
	for reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(documents))); ; {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		object, _, err := strict.Decode(document, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%w, in:\n%s", err, document)
		}
		objects = append(objects, object)
	}
}
