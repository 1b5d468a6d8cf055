package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"unicode/utf8"
)

// MaxData is how many bytes the values of a ConfigMap may have together
// (MaxSecretSize in Kubernetes' k8s.io/kubernetes/pkg/apis/core).
const MaxData = 1 << 20

const configMaps = "configmaps"

// ApplyConfigMap writes data into the ConfigMap of that name in the pod's namespace, by
// server-side apply. It creates the ConfigMap if there is none. It keeps the keys of
// other programs, and removes the keys of earlier calls that are not in data. It takes
// over a key of another program that is in data.
//
// It fails with a StatusError, or with ErrUnreachable, ErrNoAccount or an error
// about the name. It repeats a request that did not reach the server until ctx
// ends.
func (c *Client) ApplyConfigMap(ctx context.Context, name string, data map[string]string) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("ConfigMap %w", err)
	}
	body, err := yamlBody(map[string]any{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata":   map[string]string{"name": name, "namespace": c.namespace},
		"data":       data,
	})
	if err != nil {
		return err
	}
	_, err = c.do(ctx, request{
		method:      http.MethodPatch,
		path:        "/api/v1/namespaces/" + c.namespace + "/" + configMaps + "/" + name,
		query:       url.Values{"fieldManager": {Manager}, "force": {"true"}}.Encode(),
		contentType: "application/apply-patch+yaml",
		body:        body,
		fail:        StatusError{Verb: "patch", Resource: configMaps, Namespace: c.namespace, Name: name},
	})
	if err != nil {
		return fmt.Errorf("ConfigMap %s: %w", name, err)
	}
	return nil
}

// yamlBody writes v as JSON that the server's YAML parser reads as the same. JSON may
// contain some characters that YAML refuses or takes for the end of a line. yamlBody
// escapes them, so that one odd name cannot keep the whole ConfigMap from being written.
func yamlBody(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	if !bytes.ContainsFunc(b.Bytes(), notYAML) {
		return b.Bytes(), nil
	}
	out := make([]byte, 0, b.Len()+64)
	for rest := b.Bytes(); len(rest) > 0; {
		r, n := utf8.DecodeRune(rest) // the encoder has replaced what is not UTF-8
		if notYAML(r) {
			out = fmt.Appendf(out, "\\u%04x", r) // all of them have four digits
		} else {
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	return out, nil
}

// notYAML tells the characters outside YAML's c-printable that JSON leaves as
// they are, its byte order mark, and NEL, which YAML 1.1 takes for a line's end.
// They are inside strings, since JSON has none of them elsewhere.
func notYAML(r rune) bool {
	return r >= 0x7f && r <= 0x9f || r == 0xfeff || r == 0xfffe || r == 0xffff
}
