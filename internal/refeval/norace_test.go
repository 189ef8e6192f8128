//go:build !race

package refeval_test

const casesPerWorker = 25_000
