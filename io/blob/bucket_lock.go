package blob

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"
)

// A lock in a bucket is an object that names its holder and when its lease ends.
// It is made where there is none, renewed while its holder lives, and may be taken
// over once it ended: each by a precondition, so that of several one succeeds.
// Who could not renew it in time commits nothing more below its folder.
type lease struct {
	Holder string    `json:"holder"`
	Token  string    `json:"token"` // of this one taking
	Ends   time.Time `json:"ends"`
}

var (
	leaseTime = time.Minute
	// leaseGrace is how far apart clocks may be.
	leaseGrace = 30 * time.Second
)

// Lock takes the lease of a name.
func (b *bucket) Lock(ctx context.Context, name, holder string) (release func(), err error) {
	l := &held{b: b, name: name, lease: lease{Holder: holder, Token: rand.Text()}}
	err = l.put(ctx, version{})
	if errors.Is(err, fs.ErrExist) {
		err = l.takeOver(ctx)
	}
	if err != nil {
		return nil, err
	}
	b.leases.hold(l)
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() { defer close(ended); l.keep(ctx) }()
	return func() {
		stop()
		<-ended
		if b.leases.drop(l) {
			_ = b.removeVersion(context.WithoutCancel(ctx), name, l.at)
		}
	}, nil
}

// held is a lease that this process has.
type held struct {
	lease
	b    *bucket
	name string
	at   version // of the object
}

// put writes the lease, over a version or where nothing is.
func (l *held) put(ctx context.Context, over version) error {
	l.Ends = time.Now().Add(leaseTime).UTC().Truncate(time.Millisecond)
	data, err := json.Marshal(l.lease)
	if err != nil {
		return err
	}
	w := l.b.writer(ctx, l.name, Options{Absent: !over.known}, over)
	defer w.Discard()
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Commit(); err != nil {
		return err
	}
	there, v, err := l.b.lease(ctx, l.name)
	if err == nil && there.Token != l.Token {
		err = &HeldError{By: there.Holder, Ends: there.Ends}
	}
	l.at = v
	return err
}

// lease reads one.
func (b *bucket) lease(ctx context.Context, name string) (l lease, v version, err error) {
	f, err := b.Open(ctx, name)
	if err != nil {
		return l, v, err
	}
	defer f.Close()
	data := make([]byte, f.Size())
	if _, err := f.ReadAt(data, 0); err != nil {
		return l, v, err
	}
	if err := json.Unmarshal(data, &l); err != nil {
		return l, v, &HeldError{By: string(data[:min(len(data), 100)]), File: b.at(name)}
	}
	return l, f.(*bucketFile).version, nil
}

// takeOver takes a lease that ended without being given back.
func (l *held) takeOver(ctx context.Context) error {
	old, v, err := l.b.lease(ctx, l.name)
	switch {
	case IsAbsent(err): // given back just now: the next one may have it
		return &HeldError{}
	case err != nil:
		return err
	case time.Now().Before(old.Ends.Add(leaseGrace)):
		return &HeldError{By: old.Holder, Ends: old.Ends}
	}
	err = l.put(ctx, v)
	if errors.Is(err, fs.ErrExist) || IsAbsent(err) {
		return &HeldError{By: "another that took it over"}
	}
	return err
}

// keep renews the lease until ctx ends or it is lost.
func (l *held) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(leaseTime / 3):
		}
		next := *l
		attempt, cancel := context.WithDeadline(ctx, l.Ends)
		err := next.put(attempt, l.at)
		cancel()
		var held *HeldError
		switch {
		case err == nil:
			l.lease, l.at = next.lease, next.at
			l.b.leases.renewed(l)
		case errors.Is(err, fs.ErrExist), IsAbsent(err), errors.As(err, &held):
			l.b.leases.lose(l)
			return
		}
	}
}

// leases are those that this process holds of a bucket, by the folder they are for.
type leases struct {
	mu sync.Mutex
	by map[string]*standing
}

type standing struct {
	of   *held
	ends time.Time
	lost bool
}

func folderOf(name string) string { return name[:strings.LastIndexByte(name, '/')+1] }

func (s *leases) hold(l *held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[string]*standing{}
	}
	s.by[folderOf(l.name)] = &standing{of: l, ends: l.Ends}
}

func (s *leases) renewed(l *held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.by[folderOf(l.name)]; x != nil && x.of == l {
		x.ends = l.Ends
	}
}

func (s *leases) lose(l *held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.by[folderOf(l.name)]; x != nil && x.of == l {
		x.lost = true
	}
}

// drop forgets a lease; ok is whether it was still held.
func (s *leases) drop(l *held) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.by[folderOf(l.name)]
	if x == nil || x.of != l {
		return false
	}
	delete(s.by, folderOf(l.name))
	return !x.lost
}

// lost is an error where a folder above name is no longer this process's.
func (s *leases) lost(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for folder, x := range s.by {
		if strings.HasPrefix(name, folder) && name != x.of.name && (x.lost || time.Now().After(x.ends)) {
			return fmt.Errorf("%s: not written: the lease of its folder (%s) ended at %s and could not be renewed, so another may be writing there", x.of.b.at(name), x.of.b.at(x.of.name), x.ends.Local().Format(time.TimeOnly))
		}
	}
	return nil
}
