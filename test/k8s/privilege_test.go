//go:build k8s

package k8s

import (
	"strings"
	"testing"
)

// locking is a pod of the image's user. In it testpmd-wrapper starts a testpmd, which
// locks all of its memory if it may.
func locking(name, add string) string {
	return `
apiVersion: v1
kind: Pod
metadata: {name: ` + name + `}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  containers:
  - name: main
    ` + ourImage + `
    args: [exec, --memory, none, --vdev, net_null0, --, --total-num-mbufs=2048]
    env: [{name: RUNTIME_DIRECTORY, value: /tmp}]
    volumeMounts: [{name: tmp, mountPath: /tmp}]
    securityContext:
      runAsNonRoot: true
      runAsUser: 65532
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL]` + add + `}
      seccompProfile: {type: RuntimeDefault}
    resources: {limits: {cpu: 1, memory: 768Mi}}
  volumes:
  - {name: tmp, emptyDir: {}}
`
}

// The container of a user other than root gets the capability that the overlays of VFs add,
// without privilege escalation: with it, it locks more memory than the node's limit, and
// without it, it does not.
func TestUserLocksMemory(t *testing.T) {
	const refused = "mlockall() failed"
	n := newNamespace(t)
	n.admit()
	if out := n.run("may", "main", locking("may", ", add: [IPC_LOCK]")); strings.Contains(out, refused) || !strings.Contains(out, "Bye...") {
		t.Errorf("with IPC_LOCK testpmd says\n%s", out)
	}
	if out := n.run("may-not", "main", locking("may-not", "")); !strings.Contains(out, refused) {
		t.Errorf("without IPC_LOCK testpmd locks more than the limit:\n%s", out)
	}
}
