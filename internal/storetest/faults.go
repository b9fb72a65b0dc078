package storetest

import (
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Faults is a Front that spoils a share of the answers, by all kinds in turn, and
// counts them.
type Faults struct {
	Share float64
	Count atomic.Int64 // of the answers spoilt

	mu     sync.Mutex
	random *rand.Rand
}

// faults are the ways in which an answer goes wrong. Some before the request has
// been heard, some when it has taken effect.
var faults = []func(w http.ResponseWriter, r *http.Request, next http.Handler){
	func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		http.Error(w, "try again", http.StatusServiceUnavailable)
	},
	func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		http.Error(w, "slow down", http.StatusTooManyRequests)
	},
	func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { reset(w) },
	func(w http.ResponseWriter, r *http.Request, next http.Handler) { // heard, and the answer is lost
		next.ServeHTTP(httptest.NewRecorder(), r)
		reset(w)
	},
	func(w http.ResponseWriter, r *http.Request, next http.Handler) { drip(w, record(r, next), false) },
	func(w http.ResponseWriter, r *http.Request, next http.Handler) { drip(w, record(r, next), true) },
}

// Front is next with faults.
func (f *Faults) Front(next http.Handler) http.Handler {
	f.random = rand.New(rand.NewPCG(1, 2))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		spoil, kind := f.random.Float64() < f.Share, f.random.IntN(len(faults))
		f.mu.Unlock()
		if !spoil {
			next.ServeHTTP(w, r)
			return
		}
		f.Count.Add(1)
		faults[kind](w, r, next)
	})
}

func record(r *http.Request, next http.Handler) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	return rec
}

// reset ends the connection without an answer.
func reset(w http.ResponseWriter) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}

// drip sends an answer slowly, and only half of its body where it is cut.
func drip(w http.ResponseWriter, rec *httptest.ResponseRecorder, cut bool) {
	body := rec.Body.Bytes()
	for key, values := range rec.Header() {
		w.Header()[key] = values
	}
	if len(body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(rec.Code)
	if cut && len(body) > 1 {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		reset(w)
		return
	}
	for len(body) > 0 {
		n := max(len(body)/4, 1)
		_, _ = w.Write(body[:n])
		_ = http.NewResponseController(w).Flush()
		body = body[n:]
		time.Sleep(2 * time.Millisecond)
	}
}
