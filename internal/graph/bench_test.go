package graph_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/internal/graph"
)

var (
	principals = flag.Int("principals", 2000, "how many users and roles the account of the benchmark has")
	dense      = flag.Bool("dense", false, "all of its roles have permissions for many methods, each on resources of its own")
	write      = flag.String("details", "", "a file to write the details of that account to")
)

// BenchmarkBuild reads and builds a synthetic account, and searches it for everybody who reaches administration. For the
// figures of docs/escalation-graph.md, on two cores:
//
//	go test ./internal/graph -run '^$' -bench Build -benchtime 1x -principals 50000
func BenchmarkBuild(b *testing.B) {
	var src bytes.Buffer
	if err := synthetic(&src, *principals, *dense); err != nil {
		b.Fatal(err)
	}
	if *write != "" {
		if err := os.WriteFile(*write, src.Bytes(), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		var d authdetails.Details
		if err := d.Read(bytes.NewReader(src.Bytes())); err != nil {
			b.Fatal(err)
		}
		g, err := graph.Build(context.Background(), &d, graph.Options{}, nil)
		if err != nil {
			b.Fatal(err)
		}
		goals, err := g.Goal("admin")
		if err != nil {
			b.Fatal(err)
		}
		reach := g.FirstSteps(goals, graph.Search{})
		n, classes, hubs, sets := g.Size()
		b.ReportMetric(float64(n), "principals")
		b.ReportMetric(float64(classes), "classes")
		b.ReportMetric(float64(hubs), "hubs")
		b.ReportMetric(float64(sets), "sets")
		b.ReportMetric(float64(len(reach)), "reach-admin")
	}
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		if m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status); m != nil {
			kb, _ := strconv.Atoi(string(m[1]))
			b.ReportMetric(float64(kb)/1024, "peak-MiB")
		}
	}
}
