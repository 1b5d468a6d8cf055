package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The exit codes, which scripts and the text of `help exit-codes` rely on. A
// Go program that crashes ends with 2, so 2 is never ours.
const (
	CodeDone     = 0
	CodeFailed   = 1
	CodeNotReady = 3
	CodeBelow    = 4
	CodeInvalid  = 5
	CodeUsage    = 64
)

const exitCodesHelp = `The exit codes of every command:

   0  done
   1  failed (an abort inside DPDK too)
   3  the pod or the node is not ready for the command: nothing that DPDK
      can drive, a device on the wrong driver, a peer that does not come
   4  measured, and below the threshold that a flag sets
   5  measured, but not valid: the generator, not the path, was the limit
  64  wrong usage: an unknown command or flag, or a value out of range
`

// codedError gives an error the exit code of its kind.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }

func (e *codedError) Unwrap() error { return e.err }

// UsageErrorf makes an error about how a command was called, such as a flag's value out
// of range.
func UsageErrorf(format string, args ...any) error {
	return UsageError(fmt.Errorf(format, args...))
}

// UsageError marks err as one about how a command was called.
func UsageError(err error) error { return withCode(CodeUsage, err) }

// NotReady marks err as one that the pod or the node has to resolve first.
func NotReady(err error) error { return withCode(CodeNotReady, err) }

// BelowThreshold marks a measurement that is valid, and too low.
func BelowThreshold(err error) error { return withCode(CodeBelow, err) }

// NotValid marks a measurement that says nothing about the path.
func NotValid(err error) error { return withCode(CodeInvalid, err) }

func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &codedError{code: code, err: err}
}

// ExitCode maps an error to the code of its outermost mark.
func ExitCode(err error) int {
	if err == nil {
		return CodeDone
	}
	if coded, ok := errors.AsType[*codedError](err); ok {
		return coded.code
	}
	return CodeFailed
}

// OneLine gives an error's text in one line. Joined errors follow one another, each of
// them once.
func OneLine(err error) string {
	var parts []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(parts, line) {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, "; ")
}
