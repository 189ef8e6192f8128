// Command awsmodel makes the embedded models of package awsmodel from botocore,
// AWS's SDK for Python (Apache License 2.0).
//
//	go run ./internal/gen/awsmodel [-botocore DIR]
//
// It runs in the root of the repository. DIR is the folder data of an unpacked
// botocore, with its __init__.py beside it. Without the flag the command fetches
// Debian's package python3-botocore with apt-get download, into a folder that is
// removed again, and unpacks it with dpkg-deb.
//
// What is kept are operations, shapes, constraints and errors; texts are
// dropped. The same input gives the same bytes; input of another shape than
// expected is an error, never a guess.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// services are the models that are taken over: the folder, and the file it
// becomes.
var services = []struct{ path, name string }{
	{"iam/2010-05-08", "iam"},
	{"sts/2011-06-15", "sts"},
	{"organizations/2016-11-28", "organizations"},
}

func main() {
	data := flag.String("botocore", "", "read botocore's data from this `folder`")
	flag.Parse()
	if err := run(os.Stdout, *data, filepath.Join("internal", "awsmodel")); err != nil {
		fmt.Fprintln(os.Stderr, "awsmodel:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, data, into string) error {
	if data == "" {
		dir, err := os.MkdirTemp("", "botocore-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if data, err = fetch(dir); err != nil {
			return err
		}
	}
	version, err := readVersion(data)
	if err != nil {
		return err
	}
	for _, s := range services {
		from, err := read(filepath.Join(data, filepath.FromSlash(s.path)))
		if err != nil {
			return fmt.Errorf("%s of botocore %s: %w", s.path, version, err)
		}
		file, err := build(from, version)
		if err != nil {
			return fmt.Errorf("%s of botocore %s: %w", s.path, version, err)
		}
		content, err := file.Encode()
		if err != nil {
			return fmt.Errorf("%s of botocore %s: %w", s.path, version, err)
		}
		name := filepath.Join(into, s.name+".json.gz")
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(out, "wrote %s, %d bytes: %d operations, %d shapes, from botocore %s\n",
			name, len(content), len(file.Operations), len(file.Shapes), version)
	}
	return nil
}
