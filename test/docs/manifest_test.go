package docs

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// object has the fields of Kubernetes objects that the documents' manifests use.
// Reading is strict: a misspelled field fails.
type object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Config     string      `json:"config"` // of a NetworkAttachmentDefinition
		Containers []container `json:"containers"`
		Volumes    []struct {
			Name     string `json:"name"`
			EmptyDir *struct {
				Medium string `json:"medium"`
			} `json:"emptyDir"`
			DownwardAPI *struct {
				Items []struct {
					Path     string `json:"path"`
					FieldRef struct {
						FieldPath string `json:"fieldPath"`
					} `json:"fieldRef"`
				} `json:"items"`
			} `json:"downwardAPI"`
		} `json:"volumes"`
	} `json:"spec"`
}

type container struct {
	Name      string   `json:"name"`
	Image     string   `json:"image"`
	Command   []string `json:"command"`
	Resources struct {
		Requests map[string]string `json:"requests"`
		Limits   map[string]string `json:"limits"`
	} `json:"resources"`
	SecurityContext struct {
		RunAsUser    *int `json:"runAsUser"`
		Capabilities struct {
			Add  []string `json:"add"`
			Drop []string `json:"drop"`
		} `json:"capabilities"`
	} `json:"securityContext"`
	VolumeMounts []struct {
		Name      string `json:"name"`
		MountPath string `json:"mountPath"`
	} `json:"volumeMounts"`
}

func manifests(t *testing.T) (pods []object, networks map[string]object) {
	t.Helper()
	networks = make(map[string]object)
	for _, f := range fences(t, "yaml") {
		for doc := range strings.SplitSeq(f.text, "\n---\n") {
			var o object
			if err := yaml.UnmarshalStrict([]byte(doc), &o); err != nil {
				t.Fatalf("%s: %v", f.at, err)
			}
			switch o.Kind {
			case "Pod":
				pods = append(pods, o)
			case "NetworkAttachmentDefinition":
				networks[o.Metadata.Name] = o
			default:
				t.Errorf("%s: kind %q", f.at, o.Kind)
			}
		}
	}
	if len(pods) == 0 || len(networks) == 0 {
		t.Fatalf("the documents have %d pods and %d networks: want some", len(pods), len(networks))
	}
	return pods, networks
}

// The documents' pods have everything that the application needs.
func TestPods(t *testing.T) {
	pods, networks := manifests(t)
	for _, pod := range pods {
		name := pod.Metadata.Name
		devices := make(map[string]int)
		for network := range strings.SplitSeq(pod.Metadata.Annotations["k8s.v1.cni.cncf.io/networks"], ",") {
			nad, ok := networks[strings.TrimSpace(network)]
			if !ok {
				t.Errorf("%s: no network %q in the documents", name, network)
				continue
			}
			devices[nad.Metadata.Annotations["k8s.v1.cni.cncf.io/resourceName"]]++
		}
		for _, c := range pod.Spec.Containers {
			checkContainer(t, name, c, devices)
			for _, m := range c.VolumeMounts {
				if !slices.Contains(goodMounts(pod), m.Name+" "+m.MountPath) {
					t.Errorf("%s: volume %s at %s is not one of %q", name, m.Name, m.MountPath, goodMounts(pod))
				}
			}
			if len(c.VolumeMounts) != 2 {
				t.Errorf("%s mounts %d volumes, want the Downward API's and the hugepages'", name, len(c.VolumeMounts))
			}
		}
	}
}

// checkContainer wants a container to have exclusive CPUs, hugepages, the capability to
// lock memory and a device per network. Its command waits for the networks, or does
// nothing.
func checkContainer(t *testing.T, pod string, c container, devices map[string]int) {
	t.Helper()
	if diff := cmp.Diff(c.Resources.Limits, c.Resources.Requests); diff != "" {
		t.Errorf("%s is not Guaranteed: requests differ from limits (-limits +requests):\n%s", pod, diff)
	}
	limits := c.Resources.Limits
	if n, err := strconv.Atoi(limits["cpu"]); err != nil || n < 2 {
		t.Errorf("%s has cpu %q, want a whole number of at least 2", pod, limits["cpu"])
	}
	for _, resource := range []string{"memory", "hugepages-2Mi"} {
		if limits[resource] == "" {
			t.Errorf("%s asks for no %s", pod, resource)
		}
	}
	for resource, n := range devices {
		if resource != "" && limits[resource] != strconv.Itoa(n) {
			t.Errorf("%s asks for %q of %s, and has %d networks of it", pod, limits[resource], resource, n)
		}
	}
	if !slices.Contains(c.Command, "--wait") && c.Command[0] != "sleep" {
		t.Errorf("%s does not wait for its networks: %q", pod, c.Command)
	}
	// For another user than 0 an added capability is not effective.
	s := c.SecurityContext
	if !slices.Contains(s.Capabilities.Add, "IPC_LOCK") || !slices.Contains(s.Capabilities.Drop, "ALL") || s.RunAsUser == nil || *s.RunAsUser != 0 {
		t.Errorf("%s may not lock memory, or more than that: %+v", pod, s)
	}
}

// goodMounts are the mounts that the application looks for, as far as the pod
// has the volumes for them.
func goodMounts(pod object) []string {
	var good []string
	for _, v := range pod.Spec.Volumes {
		switch {
		case v.EmptyDir != nil && v.EmptyDir.Medium == "HugePages-2Mi":
			good = append(good, v.Name+" /dev/hugepages")
		case v.DownwardAPI != nil:
			for _, item := range v.DownwardAPI.Items {
				if item.Path == "annotations" && item.FieldRef.FieldPath == "metadata.annotations" {
					good = append(good, v.Name+" /etc/podnetinfo")
				}
			}
		}
	}
	return good
}
