package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
)

// Errors that this package's errors wrap.
var (
	ErrNotInPod    = errors.New("not in a pod")
	ErrNoAccount   = errors.New("no service account token is mounted")
	ErrUnreachable = errors.New("the Kubernetes API cannot be reached")
)

// StatusError is a request that the API server did not carry out.
type StatusError struct {
	Verb      string // as RBAC names it: get, patch or create
	Resource  string // as configmaps
	Namespace string
	Name      string // of the object
	Code      int    // status of HTTP, such as 403
	Message   string // what the server says; may be empty
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("the Kubernetes API answers %d to %s %s %q in namespace %q", e.Code, e.Verb, e.Resource, e.Name, e.Namespace)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if remedy := e.remedy(); remedy != "" {
		text += ": " + remedy
	}
	return text
}

// TooLarge tells whether the server might accept a smaller object. The server answers 413
// if the request is too large, and 422 (Invalid) if the ConfigMap is too large together
// with others' keys.
func (e *StatusError) TooLarge() bool {
	return e.Code == http.StatusRequestEntityTooLarge || e.Code == http.StatusUnprocessableEntity && strings.Contains(e.Message, "Too long")
}

// remedy says what to do about it; empty: what the server says has to do.
func (e *StatusError) remedy() string {
	switch e.Code {
	case http.StatusUnauthorized:
		return "the server does not take the token of the pod's service account: see that the account has not been deleted or made again since the pod began"
	case http.StatusForbidden:
		// Quotas and admission policies refuse with 403 too, and say so themselves.
		if e.Message != "" && !strings.Contains(e.Message, " cannot "+e.Verb+" ") && !strings.Contains(e.Message, " cannot create ") {
			return ""
		}
		verbs := e.Verb
		if e.Verb == "patch" {
			verbs += " (and create, if there is no such object yet)"
		}
		return fmt.Sprintf("the pod's service account needs a Role in namespace %q with the verb %s on %s, as manifests/components/results-configmap gives it (RBAC)",
			e.Namespace, verbs, e.Resource)
	case http.StatusTooManyRequests:
		return "it is overloaded: try again later"
	}
	return ""
}

// maxMessage is how many bytes of a server's message are kept.
const maxMessage = 1024

// message takes the message out of a body: a metav1.Status's message, or else the whole
// text, which a proxy may have written.
func message(body []byte) string {
	var status struct {
		Kind    string `json:"kind"`
		Message string `json:"message"`
	}
	text := string(body)
	if json.Unmarshal(body, &status) == nil && status.Kind == "Status" {
		text = status.Message
	}
	return cut(strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)), maxMessage)
}

// cut gives as many bytes of s as fit, in whole runes of UTF-8.
func cut(s string, most int) string {
	s = strings.ToValidUTF8(s, string(unicode.ReplacementChar))
	if len(s) <= most {
		return s
	}
	end := 0
	for i := range s {
		if i > most {
			break
		}
		end = i
	}
	return s[:end]
}
