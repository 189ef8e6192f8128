// Command serving measures a Writ server beside its floors: reads beside a bare HTTP handler that checks the same signatures, writes beside bare etcd
// transactions, the way of a commit to another node, and what a large state costs.
//
//	go run ./serving -o ../docs/performance-serving.md
//
// # How it is measured
//
// Contenders take turns, round by round, on the same machine as the load, and the results are medians over the rounds; ratios are taken within a round.
// Requests are signed beforehand, so that the load generator spends little, and each is sent many times: a signature holds for five minutes.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "serving:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	rounds := flag.Int("rounds", 11, "measure `n` rounds")
	round := flag.Duration("round", time.Second, "let each contender work this long a round")
	roles := flag.Int("roles", 100_000, "`number` of roles of the large state")
	out := flag.String("o", "", "write the document to `file`, and not to standard output")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 || *roles < 1 {
		flag.Usage()
		os.Exit(2)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Performance of the server\n\nThe output of this command, in the directory bench:\n\n    go run ./serving -o ../docs/performance-serving.md\n\n"+
		"%s, %d processors, which the load shares with the server. %d rounds, in each of which every contender works for %v; medians, and ratios within a round.\n"+
		"Times depend on the machine and on what else it did: compare the ratios.\n", runtime.Version(), runtime.NumCPU(), *rounds, *round)
	for _, part := range []func(context.Context, *bytes.Buffer, int, time.Duration) error{reads, writes, propagation} {
		if err := part(ctx, &b, *rounds, *round); err != nil {
			return err
		}
	}
	for _, part := range []func(context.Context, *bytes.Buffer, int) error{publication, large} {
		if err := part(ctx, &b, *roles); err != nil {
			return err
		}
	}
	if *out == "" {
		_, err := b.WriteTo(os.Stdout)
		return err
	}
	return os.WriteFile(*out, b.Bytes(), 0o644)
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// A contender does something over and over until ctx is done, and says how often.
type contender struct {
	name string
	work func(context.Context) (int, error)
}

// compete lets the contenders take turns. It returns for each the rate of each round, a second.
func compete(ctx context.Context, contenders []contender, rounds int, round time.Duration) ([][]float64, error) {
	rates := make([][]float64, len(contenders))
	for r := -1; r < rounds; r++ { // the first round is to warm up
		for i, c := range contenders {
			turn, cancel := context.WithTimeout(ctx, round)
			began := time.Now()
			n, err := c.work(turn)
			took := time.Since(began)
			cancel()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if r >= 0 {
				rates[i] = append(rates[i], float64(n)/took.Seconds())
			}
		}
	}
	return rates, nil
}

// compare writes the table of a competition; the first contender is the floor that the others are held against.
func compare(b *bytes.Buffer, contenders []contender, rates [][]float64, unit string) {
	fmt.Fprintf(b, "| | %s a second | to %s |\n|---|---:|---:|\n", unit, contenders[0].name)
	for i, c := range contenders {
		fmt.Fprintf(b, "| %s | %.0f | %.2f × |\n", c.name, median(rates[i]), median(ratios(rates[i], rates[0])))
	}
}

// ratios are those of two contenders, round by round.
func ratios(rates, floor []float64) []float64 {
	r := make([]float64, len(rates))
	for i := range r {
		r[i] = rates[i] / floor[i]
	}
	return r
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
