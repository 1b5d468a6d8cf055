// Package node has the Kubernetes node for test/k8s: node.sh starts it, programs.sh builds
// its programs, and the directories here are small programs for it. It is a module of its
// own, so that podnet does not depend on Kubernetes. Its Go test evaluates the selectors of
// the manifests' claims with Kubernetes' own library; it needs no node. Start with node.sh.
package node

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"

	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/dynamic-resource-allocation/cel"
)

const (
	sriovDriver = "sriovnetwork.k8snetworkplumbingwg.io"
	dranet      = "dra.net"
)

func text(s string) resourceapi.DeviceAttribute { return resourceapi.DeviceAttribute{StringValue: &s} }

func truth(b bool) resourceapi.DeviceAttribute { return resourceapi.DeviceAttribute{BoolValue: &b} }

type attributes = map[resourceapi.QualifiedName]resourceapi.DeviceAttribute

// A claim's selector matches the right devices, and a device without an attribute does not
// abort the allocation.
func TestSelectors(t *testing.T) {
	for overlay, tt := range map[string]struct {
		driver string
		match  attributes
		others []attributes
	}{
		"dra": {
			sriovDriver,
			attributes{"k8s.cni.cncf.io/resourceName": text("openshift.io/sriov_a"), "pfName": text("ens1f0")},
			[]attributes{nil, {"pfName": text("ens1f0")}, {"k8s.cni.cncf.io/resourceName": text("openshift.io/sriov_b")}, {"resourceName": text("openshift.io/sriov_a")}, {"k8s.cni.cncf.io/resourceName": truth(true)}},
		},
		"dra-standalone": {
			sriovDriver,
			attributes{"pfName": text("ens1f0")},
			[]attributes{nil, {"vfID": text("0")}, {"pfName": text("ens1f1")}, {"pfName": truth(true)}},
		},
		"dranet": {
			dranet,
			attributes{"ifName": text("ens1f0v0"), "rdma": truth(true)},
			[]attributes{nil, {"rdma": truth(true)}, {"ifName": text("ens1f0v0")}, {"ifName": text("ens1f0v0"), "rdma": truth(false)}, {"ifName": text("lo"), "rdma": truth(true)}, {"ifName": text("ens1f0v0"), "rdma": text("true")}},
		},
	} {
		t.Run(overlay, func(t *testing.T) {
			selectors := selectorsOf(t, "../../../manifests/overlays/"+overlay+"/claim.yaml")
			matches := func(a attributes) bool {
				for _, s := range selectors {
					got, _, err := s.DeviceMatches(context.Background(), cel.Device{Driver: tt.driver, Attributes: a})
					if err != nil {
						t.Errorf("device with %v: %v", a, err)
					}
					if !got {
						return false
					}
				}
				return true
			}
			if !matches(tt.match) {
				t.Errorf("no match for %v", tt.match)
			}
			for _, a := range tt.others {
				if matches(a) {
					t.Errorf("match for %v", a)
				}
			}
		})
	}
}

// selectorsOf compiles the selectors of a file's claims and device classes.
func selectorsOf(t *testing.T, path string) (compiled []cel.CompilationResult) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
		var object struct {
			Spec struct {
				resourceapi.DeviceClassSpec                               // of a DeviceClass
				Spec                        resourceapi.ResourceClaimSpec `json:"spec"` // of a ResourceClaimTemplate
			} `json:"spec"`
		}
		if err := d.Decode(&object); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		selectors := object.Spec.Selectors
		for _, r := range object.Spec.Spec.Devices.Requests {
			selectors = append(selectors, r.Exactly.Selectors...)
		}
		for _, s := range selectors {
			result := cel.GetCompiler(cel.Features{}).CompileCELExpression(s.CEL.Expression, cel.Options{})
			if result.Error != nil {
				t.Fatalf("%s: %v", s.CEL.Expression, result.Error)
			}
			compiled = append(compiled, result)
		}
	}
	if len(compiled) == 0 {
		t.Fatalf("%s has no selector", path)
	}
	return compiled
}
