// Package parity compares lib/appnetutil with the library that it replaces,
// github.com/openshift/app-netutil: with the same annotations and environment both have to
// give the same answers, except for the differences that differences.txt explains. It is a
// module of its own, so that podnet does not depend on app-netutil. The C API is compared
// in test/capi. Start with parity_test.go.
package parity

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"
	oracle "github.com/openshift/app-netutil/lib/v1alpha"
	"github.com/openshift/app-netutil/pkg/logging"

	"github.com/podnet/podnet/lib/appnetutil"
)

// childFlag, as the first argument, makes the test binary the process that asks.
// app-netutil reads the environment of its own process, which so can be exactly
// the scenario's.
const childFlag = "-ask-and-print"

// attempts is how often app-netutil is asked. It walks maps, whose order changes
// from call to call.
const attempts = 200

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == childFlag {
		if err := json.NewEncoder(os.Stdout).Encode(askBoth(os.Args[2])); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// entry is an InterfaceData of either library.
type entry struct {
	DeviceType    string              `json:"device-type,omitempty"`
	NetworkStatus nadv1.NetworkStatus `json:"network-status"`
}

// amounts is a HugepagesData of either library.
type amounts struct {
	ContainerName                                          string
	Request, Limit, Request1G, Limit1G, Request2M, Limit2M int64
}

// answer is a library's answer to one call.
type answer struct {
	Panic      string    `json:",omitempty"`
	Err        string    `json:",omitempty"`
	Interfaces []entry   `json:",omitempty"`
	Container  string    `json:",omitempty"`
	Hugepages  []amounts `json:",omitempty"`
	CPUs       string    `json:",omitempty"`
}

// answers are all answers that a process got.
type answers struct {
	OracleInterfaces []answer // each different one once
	OracleHugepages  []answer
	OracleCPUs       answer
	OurInterfaces    answer
	OurHugepages     answer
	OurCPUs          answer
}

// askBoth asks both libraries in this process about the volume in a directory and the
// process's own environment.
func askBoth(dir string) answers {
	logging.SetLogStderr(false)
	oracle.SetDownwardAPIMountPath(dir)
	appnetutil.SetDownwardAPIMountPath(dir)
	return answers{
		OracleInterfaces: distinct(oracleInterfaces),
		OracleHugepages:  distinct(oracleHugepages),
		OracleCPUs:       oracleCPUs(),
		OurInterfaces:    ourInterfaces(),
		OurHugepages:     ourHugepages(),
		OurCPUs:          ourCPUs(),
	}
}

func distinct(ask func() answer) []answer {
	var list []answer
	seen := map[string]bool{}
	for range attempts {
		a := ask()
		text, err := json.Marshal(a)
		if err != nil {
			panic(err)
		}
		if !seen[string(text)] {
			seen[string(text)] = true
			list = append(list, a)
		}
	}
	return list
}

func oracleInterfaces() (a answer) {
	defer a.catch()
	response, err := oracle.GetInterfaces()
	if a.failed(err) {
		return a
	}
	for _, i := range response.Interface {
		a.Interfaces = append(a.Interfaces, entry{i.DeviceType, i.NetworkStatus})
	}
	return a
}

func oracleHugepages() (a answer) {
	defer a.catch()
	response, err := oracle.GetHugepages()
	if a.failed(err) {
		return a
	}
	a.Container = response.MyContainerName
	for _, h := range response.Hugepages {
		a.Hugepages = append(a.Hugepages,
			amounts{h.ContainerName, h.Request, h.Limit, h.Request1G, h.Limit1G, h.Request2M, h.Limit2M})
	}
	return a
}

func oracleCPUs() (a answer) {
	defer a.catch()
	response, err := oracle.GetCPUInfo()
	if !a.failed(err) {
		a.CPUs = response.CPUSet
	}
	return a
}

func ourInterfaces() (a answer) {
	response, err := appnetutil.GetInterfaces()
	if !a.failed(err) {
		a.setInterfaces(response)
	}
	return a
}

func (a *answer) setInterfaces(response *appnetutil.InterfaceResponse) {
	for _, i := range response.Interface {
		a.Interfaces = append(a.Interfaces, entry{i.DeviceType, i.NetworkStatus})
	}
}

func ourHugepages() (a answer) {
	response, err := appnetutil.GetHugepages()
	if a.failed(err) {
		return a
	}
	a.Container = response.MyContainerName
	for _, h := range response.Hugepages {
		a.Hugepages = append(a.Hugepages,
			amounts{h.ContainerName, h.Request, h.Limit, h.Request1G, h.Limit1G, h.Request2M, h.Limit2M})
	}
	return a
}

func ourCPUs() (a answer) {
	response, err := appnetutil.GetCPUInfo()
	if !a.failed(err) {
		a.CPUs = response.CPUSet
	}
	return a
}

func (a *answer) catch() {
	if r := recover(); r != nil {
		*a = answer{Panic: fmt.Sprint(r)}
	}
}

func (a *answer) failed(err error) bool {
	if err != nil {
		a.Err = err.Error()
	}
	return err != nil
}

// ask runs a child with an environment on the volume of a root.
func ask(t *testing.T, root string, environ []string) answers {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, childFlag, filepath.Join(root, "etc/podnetinfo"))
	cmd.Env = environ
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the process that asks: %v", err)
	}
	var a answers
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("%v: %.200q", err, out)
	}
	return a
}
