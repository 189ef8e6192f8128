//go:build race

package refeval_test

// The race detector makes a decision about ten times as expensive.
const casesPerWorker = 5_000
