//go:build !linux

package cli

// supervise becomes the program: DPDK's programs are Linux's.
func (d Deps) supervise(path string, argv, env []string) error { return d.Exec(path, argv, env) }

func (e *programEnded) end() int { return e.code }
