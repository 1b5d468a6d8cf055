package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"time"
)

// request is one request, as it is sent at every try.
type request struct {
	method, path, query, contentType string
	body                             []byte
	into                             any         // what to decode the answer into; nil: nothing
	fail                             StatusError // without its code and message
}

const (
	maxResponse = 4 << 20 // in bytes; the answer to a write is the object
	maxWait     = 5 * time.Second
)

// do sends a request, and repeats it while the server is overloaded, failing or away, until
// ctx ends. It fails with a StatusError, or with ErrUnreachable. again says that an earlier
// try got no answer, or an answer that does not say whether the server carried it out.
func (c *Client) do(ctx context.Context, r request) (again bool, err error) {
	for wait := c.backoff; ; wait, again = min(2*wait, maxWait), true {
		after, failed := c.once(ctx, r)
		if failed == nil || !passing(failed) {
			return again, failed
		}
		if err == nil || ctx.Err() == nil { // a try that ctx cut short says less than the one before
			err = failed
		}
		if ctx.Err() == nil {
			c.sleep(ctx.Done(), min(max(wait, after), maxWait))
		}
		if ctx.Err() != nil {
			return again, err
		}
	}
}

func sleep(done <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

// passing reports whether another try may succeed.
func passing(err error) bool {
	if s, ok := errors.AsType[*StatusError](err); ok {
		return s.Code == http.StatusTooManyRequests || s.Code >= 500
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	return errors.Is(err, ErrUnreachable)
}

// once sends a request. after is how long the server wants to be left alone.
func (c *Client) once(ctx context.Context, r request) (after time.Duration, err error) {
	// Both files are replaced while the pod runs, so each request has its own
	// connection.
	token, err := c.token()
	if err != nil {
		return 0, err
	}
	authorities, err := c.authorities()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	target := url.URL{Scheme: "https", Host: c.address, Path: r.path, RawQuery: r.query}
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), bytes.NewReader(r.body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", Manager)
	client := http.Client{
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12},
			DisableKeepAlives: true,
		},
		// The token is for this server and no other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, c.unreachable(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	if resp.StatusCode/100 == 2 && r.into == nil {
		return 0, nil // done, whatever became of the answer's body
	}
	if err != nil {
		return 0, c.unreachable(err)
	}
	if resp.StatusCode/100 == 2 {
		if err := json.Unmarshal(body, r.into); err != nil {
			return 0, fmt.Errorf("the Kubernetes API's answer is no such object: %w", err)
		}
		return 0, nil
	}
	fail := r.fail
	fail.Code, fail.Message = resp.StatusCode, message(body)
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		after = min(time.Duration(seconds), maxWait/time.Second) * time.Second
	}
	return after, &fail
}

// unreachable says why there is no answer. The URL in an error of net/http says
// nothing more.
func (c *Client) unreachable(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	remedy := "see that the pod's default network is up, and that no NetworkPolicy keeps the pod from the API server"
	switch _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); {
	case untrusted:
		remedy = fmt.Sprintf("see that the authority in %s signed the server's certificate, and that the certificate names the host in %s",
			path.Join(accountDir, "ca.crt"), hostVariable)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		err = fmt.Errorf("no answer in time: %w", err)
	}
	return fmt.Errorf("%w at %s: %w: %s", ErrUnreachable, c.address, err, remedy)
}
