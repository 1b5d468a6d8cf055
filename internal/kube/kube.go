// Package kube writes a pod's results to the API of its cluster, as a ConfigMap and as
// events. It also reads parameters from a ConfigMap, and the name of a pod's node. It is
// not a general client: it uses net/http alone. It finds the API server by two environment
// variables and the files of the service account, which every pod has. Start at New.
//
// The account needs, in the pod's namespace and in the API group "":
//
//   - for ApplyConfigMap the verb patch on configmaps, and create as well for a ConfigMap
//     that is not there yet. Both can be limited to its name (resourceNames): unlike a
//     POST, server-side apply names the object that it creates.
//   - for CreateEvent the verb create on events, which cannot be limited to a name.
//   - for ConfigMapData and NodeOf the verb get on configmaps and pods, which can be
//     limited to a name.
package kube

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// Manager is the name under which the API server keeps this program's writes: the
// field manager of server-side apply, and the component that an event is from.
const Manager = "testpmd-wrapper"

// accountDir is where Kubernetes mounts the files of the service account.
const accountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// The environment variables that say where the API server is.
const (
	hostVariable = "KUBERNETES_SERVICE_HOST"
	portVariable = "KUBERNETES_SERVICE_PORT"
)

// Options say where a Client finds what the pod was given.
type Options struct {
	Root    string   // directory that stands for /; empty: /
	Environ []string // the environment, as os.Environ gives it
}

// Client talks to the API server of the pod's cluster, as the pod's service
// account. It may be used by several goroutines.
type Client struct {
	root      string
	address   string // host and port
	namespace string
	pod       pod // as the environment says
	hostname  string

	timeout time.Duration                               // of one request
	backoff time.Duration                               // before the second try; twice as long before each after it
	sleep   func(done <-chan struct{}, d time.Duration) // returns early if done is closed
}

// New finds the API server and the pod's namespace, and asks nothing of the
// server yet. It fails with ErrNotInPod, and with ErrNoAccount if the files of
// the service account are not mounted.
func New(o Options) (*Client, error) {
	c := &Client{root: o.Root, timeout: 5 * time.Second, backoff: 250 * time.Millisecond, sleep: sleep}
	if c.root == "" {
		c.root = "/"
	}
	c.pod = pod{lookup(o.Environ, "POD_NAME"), lookup(o.Environ, "POD_UID")}
	c.hostname = lookup(o.Environ, "HOSTNAME")
	host, port := lookup(o.Environ, hostVariable), lookup(o.Environ, portVariable)
	if host == "" || port == "" {
		return nil, fmt.Errorf("%w of Kubernetes: the environment has no %s and %s", ErrNotInPod, hostVariable, portVariable)
	}
	if _, err := netip.ParseAddr(host); err != nil && CheckName(host) != nil {
		return nil, fmt.Errorf("environment variable %s: %q is no address and no host name", hostVariable, host)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, fmt.Errorf("environment variable %s: %q is no port", portVariable, port)
	}
	c.address = net.JoinHostPort(host, port)

	if _, err := c.token(); err != nil {
		return nil, err
	}
	if _, err := c.authorities(); err != nil {
		return nil, err
	}
	namespace, err := c.read("namespace", 4<<10)
	if err != nil {
		return nil, err
	}
	c.namespace = strings.TrimSpace(string(namespace))
	if err := CheckName(c.namespace); err != nil {
		return nil, fmt.Errorf("%s: namespace %w", path.Join(accountDir, "namespace"), err)
	}
	return c, nil
}

// Namespace is the pod's.
func (c *Client) Namespace() string { return c.namespace }

// lookup gives the value of a variable; empty if there is none. If the variable is there
// several times the last one counts, as in a process that is started with them.
func lookup(environ []string, name string) (value string) {
	for _, v := range environ {
		if rest, ok := strings.CutPrefix(v, name+"="); ok {
			value = rest
		}
	}
	return value
}

// token reads the service account's token, which the kubelet replaces before it
// expires.
func (c *Client) token() (string, error) {
	data, err := c.read("token", 64<<10)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s: is no token", path.Join(accountDir, "token"))
	}
	return token, nil
}

// authorities reads the certificates that the API server's own is checked by.
func (c *Client) authorities() (*x509.CertPool, error) {
	data, err := c.read("ca.crt", 1<<20)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: has no certificate in PEM form", path.Join(accountDir, "ca.crt"))
	}
	return pool, nil
}

// Pod tells the name and the uid of this pod, each empty if it is not known. It takes them
// from the variables POD_NAME and POD_UID, else from the token, which is made for one pod,
// else from HOSTNAME, which is the pod's name unless its spec has another.
//
// Without the uid, `kubectl get events` finds an event and `kubectl describe` does not.
func (c *Client) Pod() (name, uid string) {
	name, uid = c.pod.Name, c.pod.UID
	token, _ := c.token() // without one no event can be written, which is said there
	claimed := podOf(token)
	if name == "" {
		name = claimed.Name
	}
	if uid == "" && name == claimed.Name {
		uid = claimed.UID
	}
	if name == "" {
		name = c.hostname
	}
	return name, uid
}

// pod is what tells a pod from others.
type pod struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// podOf reads the claims of a token that is bound to a pod
// (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/,
// "Schema for service account private claims"). They are not proved: the name is
// checked before it is used, and the API server has the last word.
func podOf(token string) pod {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return pod{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return pod{}
	}
	var claims struct {
		Kubernetes struct {
			Pod pod `json:"pod"`
		} `json:"kubernetes.io"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return pod{}
	}
	return claims.Kubernetes.Pod
}

// read reads a file of the service account.
func (c *Client) read(name string, limit int64) ([]byte, error) {
	shown := path.Join(accountDir, name)
	root, err := rootfs.New(c.root)
	if err != nil {
		return nil, err
	}
	data, err := root.ReadFile(shown, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no %s: the pod or its service account has automountServiceAccountToken: false; true in the pod's spec decides",
			ErrNoAccount, shown)
	}
	return data, err
}

// maxName is the length of the longest DNS-1123 subdomain.
const maxName = 253

// CheckName fails unless name is a DNS-1123 subdomain, as the names of ConfigMaps,
// pods and namespaces are. It is then safe in the path of a URL, too.
func CheckName(name string) error {
	valid := name != "" && len(name) <= maxName
	for label := range strings.SplitSeq(name, ".") {
		valid = valid && label != "" && !strings.HasPrefix(label, "-") && !strings.HasSuffix(label, "-") &&
			!strings.ContainsFunc(label, func(r rune) bool {
				return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
			})
	}
	if !valid {
		return fmt.Errorf("%q: must be a DNS-1123 subdomain: lower-case letters, digits, '-' and '.', a letter or digit at both ends, at most %d", name, maxName)
	}
	return nil
}
