package main

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"
)

func TestQuick(t *testing.T) {
	var b bytes.Buffer
	if err := reads(context.Background(), &b, 5, 700*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	fmt.Println(b.String())
}

func TestQuickWrites(t *testing.T) {
	var b bytes.Buffer
	if err := writes(context.Background(), &b, 5, 700*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	fmt.Println(b.String())
}
