package blob

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// Requests are tried again by the platforms' own clients, which know what may be:
// after 429 and 5xx, and after connections that failed. What they do not see is
// what happens to a body later; that is tried again here.
const (
	attempts   = 10
	firstPause = 100 * time.Millisecond
	longest    = 10 * time.Second
)

// patience is how long a connection may stand still before it is given up and
// the request is tried again.
var patience = 30 * time.Second

// final is an error after which nothing is tried again.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// again calls try until it succeeds, fails for good, or has failed often.
func again(ctx context.Context, try func() error) error {
	for i := 0; ; i++ {
		err := try()
		var end final
		switch {
		case err == nil:
			return nil
		case errors.As(err, &end):
			return end.error
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case i+1 == attempts:
			return err
		}
		select {
		case <-time.After(pause(i)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// pause is how long to wait after failure number i: twice as long each time, and
// by chance, so that many who failed together do not come back together.
func pause(i int) time.Duration {
	most := min(firstPause<<i, longest)
	return most/2 + rand.N(most/2)
}

// passing reports whether an answer may be another one next time.
func passing(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500 && status != http.StatusNotImplemented
}

// broken reports whether a connection failed, or stood still.
func broken(err error) bool {
	var timeout net.Error
	var op *net.OpError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.As(err, &op) || errors.As(err, &timeout) && timeout.Timeout()
}

// unknownHost reports whether err says that there is no such host.
func unknownHost(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// transport is how all buckets are reached. HTTP/2 would send all over one
// connection, which is slower for bodies of this size.
var transport = &http.Transport{
	Proxy:                 http.ProxyFromEnvironment,
	DialContext:           dial,
	MaxIdleConns:          256,
	MaxIdleConnsPerHost:   64,
	IdleConnTimeout:       90 * time.Second,
	TLSHandshakeTimeout:   10 * time.Second,
	ExpectContinueTimeout: time.Second,
	DisableCompression:    true, // objects are read as they lie there
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &movingConn{c, patience}, nil
}

// movingConn is a connection that fails when it stands still.
type movingConn struct {
	net.Conn
	patience time.Duration
}

func (c *movingConn) Read(p []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now().Add(c.patience))
	return c.Conn.Read(p)
}

func (c *movingConn) Write(p []byte) (int, error) {
	_ = c.SetWriteDeadline(time.Now().Add(c.patience))
	return c.Conn.Write(p)
}
