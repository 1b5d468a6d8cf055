package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"text/template"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// ErrTemplate means that a template is not one: it cannot be parsed, or calls a
// function as that cannot be called.
var ErrTemplate = errors.New("template")

// Template renders a text/template over the podnet.pod/v1 document of the pod:
// {{.cpus.allowed}} is the member allowed of the member cpus. docs/reference has
// the functions. name is for errors.
//
// Text is written as it is only if it is plain, that is if no shell, YAML or VPP
// parser finds anything but a word in it; other text needs one of the quoting
// functions. So a name in an annotation cannot add to a configuration.
//
// A value that the pod does not have is an error in which
// errors.Is finds podnet.CodeMissing, CodeNoSuchInterface, CodeAmbiguous or
// another of podnet's codes; text that would have to be quoted, or cannot be,
// gives CodeInexpressible.
func Template(pod *podnet.Pod, name, text string, o ConfigOptions) ([]byte, error) {
	return newRenderer(pod, o).render(name, text)
}

// renderer renders templates for one pod.
type renderer struct {
	pod      *podnet.Pod
	options  ConfigOptions
	document func() (any, error)
	// dpdk is what DPDK gets, which not every template asks for.
	dpdk func() (dpdkConfig, error)
}

type dpdkConfig struct {
	config eal.Config
	ports  []podnet.Port
}

func newRenderer(pod *podnet.Pod, o ConfigOptions) *renderer {
	r := &renderer{pod: pod, options: o}
	r.document = sync.OnceValues(func() (any, error) { return document(pod) })
	r.dpdk = sync.OnceValues(r.ealConfig)
	return r
}

func (r *renderer) render(name, text string) ([]byte, error) {
	var out counter
	counts := template.FuncMap{rangeName: out.ranged, stepName: out.called}
	t, err := template.New(name).Option("missingkey=error").Funcs(r.functions()).Funcs(counts).Parse(text)
	if err != nil {
		return nil, &templateError{err}
	}
	guard(t)
	data, err := r.document()
	if err != nil {
		return nil, err
	}
	if err := t.Execute(&out, data); err != nil {
		return nil, r.executionError(err)
	}
	return out.text.Bytes(), nil
}

// ofDevice is how text/template says that an interface has no member that tells of its
// device.
var ofDevice = regexp.MustCompile(`no entry for key "(pci|vhostUser|memif|vdpa|afXdp|afPacket)"`)

// untold says which interfaces' devices are not known, and which devices could be
// theirs; nil: each is known.
func (r *renderer) untold() *podnet.Problem {
	var names, devices []string
	for _, i := range r.pod.Interfaces {
		if i.Kind == podnet.KindUnknown {
			names = append(names, fmt.Sprintf("%.100q", i.Name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	for _, u := range r.pod.Unassigned {
		if len(u.Candidates) > 0 {
			devices = append(devices, fmt.Sprintf("%.100q", u.ID))
		}
	}
	p := podnet.Problem{
		Code: podnet.CodeUnknownDevice, Message: "nothing tells which device carries " + strings.Join(names, ", "),
		Remedy: "name it by a hint (--hint NETWORK=DEVICE)",
	}
	if len(devices) > 0 {
		p.Code = podnet.CodeAmbiguous
		p.Message += ", for which there are " + strings.Join(devices, ", ")
	}
	return &p
}

// executionError tells a value that the pod lacks from a fault of the template.
// Errors of our functions say it themselves.
func (r *renderer) executionError(err error) error {
	var (
		failed *podnet.Error
		about  *podnet.InterfaceError
		value  *eal.ValueError
	)
	text := err.Error()
	if p := r.untold(); p != nil && ofDevice.MatchString(text) {
		p.Message = text + ": " + p.Message
		return &podnet.Error{Problem: *p, Err: err}
	}
	switch {
	case errors.As(err, &failed), errors.As(err, &about), errors.As(err, &value):
		return err
	case strings.Contains(text, "no entry for key"), strings.Contains(text, "index out of range"), strings.Contains(text, "index of untyped nil"):
		return &podnet.Error{Problem: podnet.Problem{
			Code: podnet.CodeMissing, Message: text,
			Remedy: `the pod does not have it: ask for it by get, as in {{get . "cpus.quota"}}, if it is optional`,
		}, Err: err}
	}
	return &templateError{err}
}

// templateError is an ErrTemplate, whose text begins with that word.
type templateError struct{ error }

func (e *templateError) Is(target error) bool { return target == ErrTemplate }

func (e *templateError) Unwrap() error { return e.error }

// document gives a value as templates see it: by its JSON names. Whole numbers are
// int64, so that they compare with a template's numbers.
func document(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	return numbers(doc), nil
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64() // the encoder wrote it
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	}
	return v
}
