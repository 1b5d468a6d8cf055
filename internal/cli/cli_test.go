package cli_test

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/cli/clitest"
)

// The scripts run a program that has no commands of its own, and no DPDK.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kubectl-podnet": func() {
			os.Exit(cli.Podnet(context.Background(), os.Args, os.Environ(), cli.SystemStreams()))
		},
		"testpmd-wrapper": func() {
			os.Exit(cli.Main(context.Background(), cli.Program{Name: "testpmd-wrapper"}, os.Args[1:], os.Environ(), cli.SystemStreams()))
		},
	})
}

func TestScripts(t *testing.T) { clitest.Run(t, "testdata/script", "testdata/pods") }
