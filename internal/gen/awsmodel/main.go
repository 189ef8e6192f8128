// Command awsmodel makes the embedded models of package awsmodel from botocore,
// AWS's SDK for Python (Apache License 2.0).
//
//	pip install --no-deps --target /tmp/botocore botocore==1.43.11
//	go run ./internal/gen/awsmodel -botocore /tmp/botocore/botocore/data
//
// It runs in the root of the repository. The folder is that of botocore's data,
// with its __init__.py beside it. What is found must be of the version that is
// asked for, so that an old distribution does not take operations away.
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
	version := flag.String("version", "1.43.11", "botocore's `version`")
	flag.Parse()
	if err := run(os.Stdout, *data, *version, filepath.Join("internal", "awsmodel")); err != nil {
		fmt.Fprintln(os.Stderr, "awsmodel:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, data, version, into string) error {
	if data == "" {
		return fmt.Errorf("say with -botocore where botocore %s is; pip install --target DIR botocore==%s puts it into a folder", version, version)
	}
	if found, err := readVersion(data); err != nil {
		return err
	} else if found != version {
		return fmt.Errorf("this is botocore %s, not %s", found, version)
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
