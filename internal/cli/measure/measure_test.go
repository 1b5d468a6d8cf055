package measure_test

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/cli/clitest"
	"github.com/podnet/podnet/internal/cli/measure"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"testpmd-wrapper": func() {
			os.Exit(measure.Main(context.Background(), os.Args[1:], os.Environ(), cli.SystemStreams()))
		},
	})
}

func TestScripts(t *testing.T) { clitest.Run(t, "testdata/script", "../testdata/pods") }
