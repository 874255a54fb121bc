package manifests

import (
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// The cluster of the tests can know every kind that Kubernetes does not have, and as a schema that refuses.
func TestEveryKindIsDefined(t *testing.T) {
	documents, err := CRDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defined := map[schema.GroupVersionKind]bool{}
	for document := range strings.SplitSeq(string(documents), "\n---\n") {
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal([]byte(document), &definition); err != nil {
			t.Fatal(err)
		}
		for _, v := range definition.Spec.Versions {
			spec, ok := v.Schema.OpenAPIV3Schema.Properties["spec"]
			if !ok || len(spec.Properties) == 0 {
				t.Errorf("%s %s has no schema", definition.Name, v.Name)
			}
			defined[schema.GroupVersionKind{Group: definition.Spec.Group, Version: v.Name, Kind: definition.Spec.Names.Kind}] = true
		}
	}
	everywhere(t, func(t *testing.T, c combination) {
		for _, o := range c.objects {
			if kind := o.GetObjectKind().GroupVersionKind(); !scheme.Scheme.Recognizes(kind) && !defined[kind] {
				t.Errorf("%v is not defined", kind)
			}
		}
	})
}
