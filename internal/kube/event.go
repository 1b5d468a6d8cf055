package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The types of an Event.
const (
	Normal  = "Normal"
	Warning = "Warning"
)

// MaxEventMessage is how many bytes an event's message may have.
const MaxEventMessage = 1024

const events = "events"

// Event is something that happened to a pod of the Client's namespace, as
// `kubectl describe` shows it.
type Event struct {
	Type    string    // Normal or Warning
	Reason  string    // in one word, as BenchPassed
	Message string    // cut to MaxEventMessage
	Pod     string    // name of the pod
	PodUID  string    // empty: not known
	At      time.Time // when it happened
}

// CreateEvent records an event of core/v1. It fails as ApplyConfigMap does.
func (c *Client) CreateEvent(ctx context.Context, e Event) error {
	if e.Pod == "" {
		return errors.New("event: the pod's name is not known: give the container POD_NAME and POD_UID by fieldRef, of metadata.name and metadata.uid")
	}
	if err := CheckName(e.Pod); err != nil {
		return fmt.Errorf("event: pod %w", err)
	}
	// We choose the name, so that an event exists once even if it is sent twice
	// because the first answer was lost.
	suffix := fmt.Sprintf(".%x", e.At.UnixNano())
	name := e.Pod[:min(len(e.Pod), maxName-len(suffix))]
	name = strings.TrimRight(name, "-.") + suffix

	object := map[string]any{
		"kind": "Pod", "apiVersion": "v1", "namespace": c.namespace, "name": e.Pod,
	}
	if e.PodUID != "" {
		object["uid"] = e.PodUID
	}
	at := e.At.UTC().Format(time.RFC3339)
	body, err := json.Marshal(map[string]any{
		"apiVersion":     "v1",
		"kind":           "Event",
		"metadata":       map[string]string{"name": name, "namespace": c.namespace},
		"involvedObject": object,
		"type":           e.Type,
		"reason":         e.Reason,
		"message":        cut(e.Message, MaxEventMessage),
		"source":         map[string]string{"component": Manager},
		"firstTimestamp": at,
		"lastTimestamp":  at,
		"count":          1,
	})
	if err != nil {
		return err
	}
	again, err := c.do(ctx, request{
		method:      http.MethodPost,
		path:        "/api/v1/namespaces/" + c.namespace + "/" + events,
		contentType: "application/json",
		body:        body,
		fail:        StatusError{Verb: "create", Resource: events, Namespace: c.namespace, Name: name},
	})
	if s, ok := errors.AsType[*StatusError](err); ok && again && s.Code == http.StatusConflict {
		return nil // it was there already: by a try that got no answer
	}
	if err != nil {
		return fmt.Errorf("event %s: %w", e.Reason, err)
	}
	return nil
}
