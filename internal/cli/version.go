package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/authref"
)

func (p *program) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program, and the date of what it knows",
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
	p.print("service authorization reference of %s", authref.AsOf)
}
