package kube

import (
	"context"
	"fmt"
	"net/http"
)

// ConfigMapData reads the keys of a ConfigMap of the pod's namespace. It fails as
// ApplyConfigMap does.
func (c *Client) ConfigMapData(ctx context.Context, name string) (map[string]string, error) {
	var object struct {
		Data map[string]string `json:"data"`
	}
	if err := c.get(ctx, configMaps, name, &object); err != nil {
		return nil, fmt.Errorf("ConfigMap %w", err)
	}
	return object.Data, nil
}

// NodeOf reads which node a pod of this namespace is on; empty: on none yet. It fails as
// ApplyConfigMap does.
func (c *Client) NodeOf(ctx context.Context, pod string) (string, error) {
	var object struct {
		Spec struct {
			NodeName string `json:"nodeName"`
		} `json:"spec"`
	}
	if err := c.get(ctx, "pods", pod, &object); err != nil {
		return "", fmt.Errorf("pod %w", err)
	}
	node := object.Spec.NodeName
	if node == "" {
		return "", nil
	}
	if err := CheckName(node); err != nil {
		return "", fmt.Errorf("pod %s: node %w", pod, err)
	}
	return node, nil
}

// get reads an object of the pod's namespace.
func (c *Client) get(ctx context.Context, resource, name string, into any) error {
	if err := CheckName(name); err != nil {
		return err
	}
	_, err := c.do(ctx, request{
		method: http.MethodGet,
		path:   "/api/v1/namespaces/" + c.namespace + "/" + resource + "/" + name,
		into:   into,
		fail:   StatusError{Verb: "get", Resource: resource, Namespace: c.namespace, Name: name},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
