//go:build k8s

package k8s

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/kube"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/fabrictest"
)

// fabricNodes is how many pods the overlay for one node has, and fabricPackets what each
// measurement sends.
const (
	fabricNodes   = 6
	fabricPackets = 1000
)

// coordinator selects the pods of the Job with the index 0, and fabricPod those with
// another one.
const coordinator = "batch.kubernetes.io/job-completion-index=0"

func fabricPod(index int) string {
	return fmt.Sprintf("batch.kubernetes.io/job-completion-index=%d", index)
}

// fabricPatience is how long a run of the overlay may take on a busy machine, with the
// starts of its pods.
const fabricPatience = 4 * time.Minute

// fabricJob waits until the Job has ended, and gives the document and the keys of the
// ConfigMap.
func (n *namespace) fabricJob() (doc result.Fabric, data map[string]string) {
	n.t.Helper()
	deadline := time.Now().Add(fabricPatience)
	for {
		conditions, err := n.try("get", "job", "podnet-fabric", "-o", `jsonpath={.status.conditions[?(@.status=="True")].type}`)
		if err == nil && (strings.Contains(conditions, "Complete") || strings.Contains(conditions, "Failed")) {
			break
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("the Job has not ended: %q, %v", conditions, err)
		}
		time.Sleep(time.Second)
	}
	decode(n.t, n.kubectl("get", "configmap", "podnet-fabric", "-o", "jsonpath={.data}"), &data)
	text, err := kube.Join([]byte(data[report.ManifestKey]), result.MaxFile, func(name string) (string, error) {
		return n.try("get", "configmap", name, "-o", "jsonpath={.data."+kube.ChunkKey+"}")
	})
	if err == nil {
		doc, err = result.ParseFabric(text)
	}
	if err != nil {
		n.t.Fatalf("%v: %.2000s", err, mustJSON(n.t, data))
	}
	return doc, data
}

// slowLink makes the link to the first pod on the bridge slower than the load. It gives the
// MAC address of that pod's interface, once the bridge has learned it.
func slowLink(t *testing.T, n *namespace) (mac func() string) {
	t.Helper()
	var port string
	n.await("the first pod on the bridge", func() error {
		out, err := inNode(t.Context(), nil, "ip", "-json", "link", "show", "master", "br-podnet")
		var links []struct {
			Name string `json:"ifname"`
		}
		if err == nil {
			err = json.Unmarshal([]byte(out), &links)
		}
		if err != nil {
			return err
		}
		if len(links) == 0 {
			return errors.New("it is not there")
		}
		port = links[0].Name
		return nil
	})
	// A frame of 64 bytes is one of 60 for the kernel: about 400 of them per second.
	if _, err := inNode(t.Context(), nil, "tc", "qdisc", "add", "dev", port, "root", "tbf", "rate", "200kbit", "burst", "1600", "limit", "3000"); err != nil {
		t.Fatal(err)
	}
	var heard string
	return func() string {
		n.await("a frame of "+port, func() error {
			out, err := inNode(t.Context(), nil, "bridge", "-json", "fdb", "show", "dev", port)
			var entries []struct {
				MAC   string `json:"mac"`
				State string `json:"state"`
			}
			if err == nil {
				err = json.Unmarshal([]byte(out), &entries)
			}
			for _, e := range entries {
				if e.State == "" {
					heard = e.MAC
				}
			}
			if err == nil && heard == "" {
				err = errors.New("none was heard")
			}
			return err
		})
		return heard
	}
}

// The commands of the how-to measure all pairs of six pods, and find the pod with the slow
// link.
func TestFabric(t *testing.T) {
	// The commands are for a copy of this repository, in which they write a file.
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	if err == nil {
		err = os.Symlink(filepath.Join(root, "manifests"), filepath.Join(dir, "manifests"))
	}
	if err != nil {
		t.Fatal(err)
	}
	n := &namespace{t: t, name: "podnet"}
	n.showAndDelete()
	command := func(line string) { t.Helper(); shellInNode(t, dir, line) }
	var later []string
	slow := func() string { t.Fatal("the how-to applies nothing"); return "" }
	for _, line := range commands(t, "../../docs/how-to/fabric.md") {
		switch {
		case !strings.HasPrefix(line, "kubectl "): // the application's own are for test/docs
		case strings.Contains(line, " apply "):
			command(line)
			slow = slowLink(t, n)
		case later != nil || strings.HasPrefix(line, "kubectl logs") || strings.HasPrefix(line, "kubectl get"):
			later = append(later, line)
		default:
			command(line)
		}
	}
	mac := slow()
	doc, _ := n.fabricJob()
	if got := fabrictest.Pairs(t, doc, fabricNodes, fabricPackets); got != 30 || !doc.Complete {
		t.Errorf("complete: %v, %d pairs measured, want 30", doc.Complete, got)
	}
	at := slices.IndexFunc(doc.Nodes, func(node result.FabricNode) bool { return len(node.Rails) == 1 && node.Rails[0].MAC == mac })
	if at < 0 {
		t.Fatalf("no pod has the address %s: %+v", mac, doc.Nodes)
	}
	if !slices.ContainsFunc(doc.Outliers, func(o result.FabricOutlier) bool { return o.Metric == "mpps" && o.To != nil && *o.To == at }) {
		t.Errorf("the pod %d is behind a slow link, and is not among the outliers: %+v", at, doc.Outliers)
	}
	for _, line := range later {
		command(line)
	}
}

// If a pod is killed in the middle of a round, only its own pairs are lost. A coordinator
// that is killed goes on where it was.
func TestFabricKilled(t *testing.T) {
	t.Parallel() // with TestManifestsAccepted, which measures nothing
	n := newNamespace(t)
	n.admit()
	n.kubectl("create", "secret", "generic", "podnet-fabric", "--from-literal=token=0123456789abcdef0123456789abcdef")
	n.overlay("fabric-one-node")
	n.awaitRound(1)
	n.kubectl("delete", "pod", "-l", fabricPod(3), "--grace-period=0", "--force")
	n.awaitRound(2)
	n.kubectl("delete", "pod", "-l", coordinator, "--grace-period=0", "--force")
	doc, data := n.fabricJob()
	measured := fabrictest.Pairs(t, doc, fabricNodes, fabricPackets, result.FabricDead, result.FabricPartitioned, result.FabricRestarted, result.FabricAbsent, result.FabricLost)
	// All but the ten pairs of the pod that was killed.
	if measured < 20 || !doc.Complete || doc.Rounds.Resumed == 0 {
		t.Errorf("complete: %v, %d pairs measured, resumed %d times; want 20 at least, and once:\n%s", doc.Complete, measured, doc.Rounds.Resumed, mustJSON(t, data))
	}
}

// awaitRound waits until the coordinator has said that a round has ended.
func (n *namespace) awaitRound(round int) {
	n.t.Helper()
	n.await(fmt.Sprintf("round %d", round), func() error {
		logs, err := n.try("logs", "-l", coordinator, "--tail=-1")
		if err == nil && !strings.Contains(logs, fmt.Sprintf("round=%d ", round)) {
			err = fmt.Errorf("the coordinator says %.300q", logs)
		}
		return err
	})
}
