// Command writ decides requests as AWS IAM does, and says why. See writ --help.
package main

import (
	"context"
	"os"

	"github.com/writ-iam/writ/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
