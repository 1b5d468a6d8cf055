//go:build unix

package sysfs_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/sysfs"
)

func TestSiblings(t *testing.T) {
	root := tree(t, `
-- /sys/devices/system/cpu/cpu0/topology/thread_siblings_list --
0,4
-- /sys/devices/system/cpu/cpu4/topology/thread_siblings_list --
unread
-- /sys/devices/system/cpu/cpu1/topology/core_cpus_list --
1
-- /sys/devices/system/cpu/cpu2/topology/thread_siblings_list --
3-1
-- /sys/devices/system/cpu/cpu3/topology/thread_siblings_list --
5-6
-- /sys/devices/system/cpu/cpu7/online --
0
-- /sys/devices/system/cpu/cpu8/topology/thread_siblings_list --
8-9
`)
	var got []string
	for _, f := range sysfs.Siblings(root, cpuset.New(0, 1, 2, 3, 4, 7, 9, 11)) {
		switch f := f.(type) {
		case fact.Siblings:
			got = append(got, fmt.Sprintf("%s: %s", f.Where, f.CPUs))
		case fact.Problem:
			got = append(got, fmt.Sprintf("%s: %s", f.Where, f.Code))
		}
	}
	want := []string{
		"/sys/devices/system/cpu/cpu0/topology/thread_siblings_list: 0,4",
		"/sys/devices/system/cpu/cpu1/topology/core_cpus_list: 1",
		"/sys/devices/system/cpu/cpu2/topology/thread_siblings_list: malformed",
		"/sys/devices/system/cpu/cpu3/topology/thread_siblings_list: malformed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if got := sysfs.Siblings(root, cpuset.New()); got != nil {
		t.Errorf("of no CPUs: %v", got)
	}
	if got := sysfs.Siblings(tree(t, ""), cpuset.New(0)); got != nil {
		t.Errorf("without sysfs: %v", got)
	}
}
