package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (p *program) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Example: "  writ version",
		Args:    arguments(),
		RunE: func(*cobra.Command, []string) error {
			p.printVersion()
			return nil
		},
	}
}

func (p *program) printVersion() {
	version := "(unknown)"
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		version = build.Main.Version
	}
	p.print("writ %s %s %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
