package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// A request is one in the bytes that go over the wire.
type request []byte

// signed makes a request of the IAM API.
func signed(ctx context.Context, address, keyID, secret string, form url.Values) (request, error) {
	form.Set("Version", "2010-05-08")
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	return sign(ctx, address, keyID, secret, "iam", header, []byte(form.Encode()))
}

// signedJSON makes a request of the server's own API.
func signedJSON(ctx context.Context, address, keyID, secret, operation string, in any) (request, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"Writ." + operation}}
	return sign(ctx, address, keyID, secret, "writ", header, body)
}

func sign(ctx context.Context, address, keyID, secret, service string, header http.Header, body []byte) (request, error) {
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+address+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = header
	r.Header.Set("User-Agent", "bench")
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}, r, hex.EncodeToString(sum[:]), service, "us-east-1", time.Now())
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = r.Write(&b)
	return b.Bytes(), err
}

// connections is how many connections the load comes over.
const connections = 16

// send makes the work of a contender that is given requests: each connection sends one after another.
func send(address string, next func(i int) request) func(context.Context) (int, error) {
	return sendOver(connections, address, next)
}

func sendOver(connections int, address string, next func(i int) request) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		var done, sent atomic.Int64
		var wg sync.WaitGroup
		errs := make(chan error, connections)
		for range connections {
			wg.Go(func() {
				c, err := net.Dial("tcp", address)
				if err != nil {
					errs <- err
					return
				}
				defer c.Close()
				in := bufio.NewReader(c)
				for ctx.Err() == nil {
					if err := exchange(c, in, next(int(sent.Add(1)-1))); err != nil {
						errs <- err
						return
					}
					done.Add(1)
				}
			})
		}
		wg.Wait()
		select {
		case err := <-errs:
			return 0, err
		default:
			return int(done.Load()), nil
		}
	}
}

// sendOnce sends one request.
func sendOnce(address string, r request) error {
	return answer(address, r, nil)
}

// answer sends one request, and reads the answer.
func answer(address string, r request, read func(*http.Response) error) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	return exchangeReading(c, bufio.NewReader(c), r, read)
}

func exchange(c net.Conn, in *bufio.Reader, r request) error {
	return exchangeReading(c, in, r, nil)
}

// exchangeReading hands an answer of success to read, if there is one.
func exchangeReading(c net.Conn, in *bufio.Reader, r request, read func(*http.Response) error) error {
	if _, err := c.Write(r); err != nil {
		return err
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		if read != nil {
			if err := read(resp); err != nil {
				return err
			}
		}
		_, err := io.Copy(io.Discard, resp.Body)
		return err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return fmt.Errorf("status %s: %.300s", resp.Status, body)
}
