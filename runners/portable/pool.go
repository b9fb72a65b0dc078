package portable

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"google.golang.org/grpc"

	"github.com/retort-ml/retort/internal/stdio"
)

// Worker is what a runner says of a worker that it wants.
type Worker struct{ ID, Logging, Control, Provision string }

// Pool serves runners that ask for workers at address, HOST:PORT, until ctx is
// done: each is a process of this program, and ends with the pool.
func Pool(ctx context.Context, address string) error {
	w, err := listen(address, func(ctx context.Context, w Worker) {
		program, err := os.Executable()
		if err != nil {
			fmt.Fprintln(stdio.Err, err)
			return
		}
		cmd := exec.CommandContext(ctx, program, "--worker=true", "--id="+w.ID, "--logging_endpoint="+w.Logging, "--control_endpoint="+w.Control)
		cmd.Stdout, cmd.Stderr = stdio.Err, stdio.Err
		if err := cmd.Run(); err != nil && ctx.Err() == nil {
			fmt.Fprintf(stdio.Err, "worker %s: %v\n", w.ID, err)
		}
	})
	if err != nil {
		return fmt.Errorf("--worker_pool=%s: %w", address, err)
	}
	fmt.Fprintf(stdio.Err, "workers are started for who asks at %s; Ctrl-C ends them\n", w.address)
	<-ctx.Done()
	w.stop()
	return nil
}

// workers starts and stops workers for runners.
type workers struct {
	fnpb.UnimplementedBeamFnExternalWorkerPoolServer
	address string
	run     func(ctx context.Context, w Worker)
	server  *grpc.Server

	mu    sync.Mutex
	ends  map[string]context.CancelFunc
	ended sync.WaitGroup
}

func listen(address string, run func(ctx context.Context, w Worker)) (*workers, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	w := &workers{address: l.Addr().String(), run: run, server: grpc.NewServer(), ends: map[string]context.CancelFunc{}}
	fnpb.RegisterBeamFnExternalWorkerPoolServer(w.server, w)
	go func() { _ = w.server.Serve(l) }()
	return w, nil
}

// StartWorker starts one.
func (w *workers) StartWorker(_ context.Context, req *fnpb.StartWorkerRequest) (*fnpb.StartWorkerResponse, error) {
	one := Worker{req.GetWorkerId(), req.GetLoggingEndpoint().GetUrl(), req.GetControlEndpoint().GetUrl(), req.GetProvisionEndpoint().GetUrl()}
	if one.Control == "" {
		return &fnpb.StartWorkerResponse{Error: "no control endpoint for worker " + one.ID}, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if end := w.ends[one.ID]; end != nil { // of a job before, whose runner did not say that it ended
		end()
	}
	ctx, end := context.WithCancel(context.Background())
	w.ends[one.ID] = end
	w.ended.Go(func() { defer end(); w.run(ctx, one) })
	return &fnpb.StartWorkerResponse{}, nil
}

// StopWorker ends one.
func (w *workers) StopWorker(_ context.Context, req *fnpb.StopWorkerRequest) (*fnpb.StopWorkerResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if end := w.ends[req.GetWorkerId()]; end != nil {
		end()
		delete(w.ends, req.GetWorkerId())
	}
	return &fnpb.StopWorkerResponse{}, nil
}

// stop ends all.
func (w *workers) stop() {
	w.server.Stop()
	w.mu.Lock()
	for _, end := range w.ends {
		end()
	}
	w.mu.Unlock()
	w.ended.Wait()
}
