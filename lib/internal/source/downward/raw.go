package downward

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// The keys of annotations that a volume or a variable may have alone, as with
// fieldRef metadata.annotations['<key>'].
const (
	networkStatus = "k8s.v1.cni.cncf.io/network-status"
	legacyStatus  = "k8s.v1.cni.cncf.io/networks-status"
	userspaceData = "userspace/configuration-data"
	networkInfo   = "kubevirt.io/network-info"
)

var knownKeys = []string{
	networkStatus,
	legacyStatus,
	"k8s.v1.cni.cncf.io/networks",
	"v1.multus-cni.io/default-network",
	userspaceData,
	"userspace/mapped-dir",
	"userspace/mappedDir",
	networkInfo,
	"kubevirt.io/network-pci-map",
	"k8s.ovn.org/pod-networks",
}

// keyByFile has the names by which people call the file of an annotation: the
// last part of its key, or all of it with the slash replaced.
var keyByFile = func() map[string]string {
	keys := map[string]string{}
	for _, key := range knownKeys {
		keys[path.Base(key)] = key
		keys[strings.ReplaceAll(key, "/", "_")] = key
		keys[strings.ReplaceAll(key, "/", "-")] = key
	}
	return keys
}()

func keyOfFile(name string) string { return keyByFile[name] }

// addRaw adds the annotations that are files of their own, and reports whether
// there are any. A file of all annotations says which key a value is of, so it
// counts more; and so does a file whose name says it.
func (s snapshot) addRaw(v *Volume, raw []file) (found bool) {
	add := func(f file, key string) {
		found = true
		if v.Annotations == nil {
			v.Annotations = map[string]fact.Text{}
		}
		value := string(f.data)
		if strings.TrimSpace(value) == "" {
			return // kubelet's way to say that the pod has no such annotation
		}
		at := fact.Origin{Source: fact.DownwardAPI, Where: path.Join(s.dir, f.name)}
		first, twice := v.Annotations[key]
		switch {
		case !twice:
			v.Annotations[key] = fact.Text{Origin: at, Value: value}
		case strings.TrimSpace(first.Value) != strings.TrimSpace(value):
			v.Facts = append(v.Facts, fact.Problemf(at, fact.Conflict,
				"differs from %s as %s %.200s has it, which is used", key, first.Source, first.Where))
		}
	}
	var unnamed []file
	for _, f := range raw {
		if key := keyOfFile(f.name); key != "" {
			add(f, key)
		} else {
			unnamed = append(unnamed, f)
		}
	}
	for _, f := range unnamed {
		key := keyOfJSON(string(f.data))
		switch {
		case key != "":
			add(f, key)
		case f.name == annotationsFile:
			found = true
			v.Facts = append(v.Facts, fact.Problemf(
				fact.Origin{Source: fact.DownwardAPI, Where: path.Join(s.dir, f.name)}, fact.Malformed,
				`one annotation's value of no known form, instead of lines of the form key="value"`))
		}
	}
	return found
}

// FromEnviron adds to annotations, which must not be nil if any are to be added,
// what the variables of an environment have that are made of single annotations.
// Such a variable has the value that the annotation had when the container was
// started, so it counts only for annotations that are missing. Its name says
// nothing; the form of its value tells which annotation it is.
func FromEnviron(environ []string, annotations map[string]fact.Text) []fact.Fact {
	if annotations == nil {
		return nil
	}
	var facts []fact.Fact
	var seen map[string]bool  // variables that were looked at
	var added map[string]bool // keys that variables gave
	for _, variable := range environ {
		name, value, ok := strings.Cut(variable, "=")
		if !ok || name == "" || !isJSON(value) || strings.HasPrefix(name, "PCIDEVICE_") || seen[name] {
			continue
		}
		if seen == nil {
			seen, added = map[string]bool{}, map[string]bool{}
		}
		seen[name] = true // as for getenv, the first of two variables of one name counts
		key := keyOfJSON(value)
		if key == "" {
			continue
		}
		first, found := annotations[key]
		if key == networkStatus && !found {
			// Older releases of Multus write the older key alone, and keep it
			// up to date.
			first, found = annotations[legacyStatus]
		}
		at := fact.Origin{Source: fact.Env, Where: name}
		switch {
		case !found:
			annotations[key] = fact.Text{Origin: at, Value: value}
			added[key] = true
		case added[key] && first.Value != value:
			facts = append(facts, fact.Problemf(at, fact.Conflict,
				"has the form of %s, as variable %.100q has, which differs and is used", key, first.Where))
		}
	}
	return facts
}

// isJSON reports whether text begins as a JSON array or object does.
func isJSON(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n")
	return text != "" && (text[0] == '[' || text[0] == '{')
}

// object is a JSON object whose members are not looked at.
type object map[string]json.RawMessage

// keyOfJSON tells which annotation has a value of this form; empty: none that is
// known. It guesses from a whole value, so
// every element has to fit.
func keyOfJSON(text string) string {
	text = strings.TrimLeft(text, " \t\r\n")
	switch {
	case strings.HasPrefix(text, "{"):
		var info struct {
			Interfaces []object `json:"interfaces"`
		}
		if strings.Contains(text, `"interfaces"`) && json.Unmarshal([]byte(text), &info) == nil &&
			all(info.Interfaces, func(o object) bool { return o.hasOne("network") }) {
			return networkInfo
		}
	case strings.Contains(text, `"name"`) || strings.Contains(text, `"ifName"`):
		var list []object
		if json.Unmarshal([]byte(text), &list) != nil {
			return ""
		}
		if all(list, isUserspace) {
			return userspaceData
		}
		if all(list, isStatus) {
			return networkStatus
		}
	}
	return ""
}

func isUserspace(o object) bool { return o.hasOne("ifName") && o.hasOne("config") }

// isStatus tells an entry of network-status from one of networks, the selection,
// which has some members of the same names.
func isStatus(o object) bool {
	return o.hasOne("name") && o.hasOne("interface", "ips", "default", "dns", "device-info", "mac") &&
		!o.hasOne("namespace", "cni-args", "portMappings", "bandwidth", "deviceID")
}

func (o object) hasOne(names ...string) bool {
	for _, name := range names {
		if _, ok := o[name]; ok {
			return true
		}
	}
	return false
}

// all reports whether there are objects, and all are as they should be.
func all(list []object, ok func(object) bool) bool {
	for _, o := range list {
		if !ok(o) {
			return false
		}
	}
	return len(list) > 0
}
